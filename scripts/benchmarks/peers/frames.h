// The pictures of a folder, in the order of their names.
#pragma once
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_FRAMES 512

static unsigned char *frames[MOST_FRAMES];
static size_t sizes[MOST_FRAMES];
static int frame_count;

static void load_frames(const char *folder) {
    struct dirent **names;
    int found = scandir(folder, &names, 0, alphasort);
    for (int i = 0; i < found && frame_count < MOST_FRAMES; i++) {
        if (!strstr(names[i]->d_name, ".jpg")) continue;
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
        FILE *file = fopen(path, "rb");
        if (!file) exit(1);
        fseek(file, 0, SEEK_END);
        long size = ftell(file);
        rewind(file);
        frames[frame_count] = malloc(size);
        if (fread(frames[frame_count], 1, size, file) != (size_t)size) exit(1);
        sizes[frame_count++] = size;
        fclose(file);
    }
    if (!frame_count) {
        fprintf(stderr, "no .jpg in %s\n", folder);
        exit(1);
    }
}
