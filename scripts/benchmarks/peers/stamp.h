// How every peer stamps a JPEG with the moment of its capture: a comment of 16 hex digits, the
// nanoseconds of CLOCK_MONOTONIC, right behind the start of the image.
#pragma once
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STAMP_DIGITS 16
#define STAMP_AT 6            // where the digits begin
#define STAMP_SIZE 20         // what the comment adds to a picture
#define STAMPED_HEAD 22       // start of the image and comment

static inline uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ull + t.tv_nsec;
}

// Write the start of an image and a comment with this moment.
static inline void write_stamped_head(unsigned char *to) {
    char digits[STAMP_DIGITS + 1];
    snprintf(digits, sizeof digits, "%016llx", (unsigned long long)now_ns());
    memcpy(to, "\xff\xd8\xff\xfe\x00\x12", STAMP_AT);
    memcpy(to + STAMP_AT, digits, STAMP_DIGITS);
}

// Return the moment of a picture's head, or 0 if there is none.
static inline uint64_t read_stamp(const unsigned char *head) {
    char digits[STAMP_DIGITS + 1] = {0};
    if (memcmp(head, "\xff\xd8\xff\xfe\x00\x12", STAMP_AT)) return 0;
    memcpy(digits, head + STAMP_AT, STAMP_DIGITS);
    return strtoull(digits, 0, 16);
}
