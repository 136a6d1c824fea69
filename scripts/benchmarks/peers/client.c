// Many who watch one MJPEG stream: counts whole pictures and how old they are when they are there.
// Usage: client PORT PATH VIEWERS STALLED WARM_S RUN_S   (AUTHORIZATION: a header's value)
//
// Says START, END, and then one line of JSON. Pictures are counted that were captured between
// START and END; those that are on their way at the end are waited for.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stamp.h"

#define LAST_ONES_NS 300000000ull
#define BETWEEN_TWO_US 1000
#define BLOCK (1 << 18)

enum Phase { ANSWER, HEAD, PICTURE };

typedef struct {
    int fd, is_chunked, line_size, head_size, digit_count;
    enum Phase phase;
    long chunk_left, picture_left, picture_size, pictures;
    char line[1024], digits[32];
    unsigned char head[STAMPED_HEAD];
} Viewer;

static double *ages;
static long age_count, most_ages, delivered;
static uint64_t began, ends;

static void arrived(Viewer *viewer) {
    uint64_t now = now_ns(), captured = read_stamp(viewer->head);
    if (now >= began && now < ends) delivered++;
    if (captured < began || captured >= ends) return;
    viewer->pictures++;
    if (age_count < most_ages) ages[age_count++] = (now - captured) / 1e6;
}

// Take bytes until a line is whole; return how many, and whether it is.
static long take_line(Viewer *viewer, const char *data, long size, int *is_whole) {
    const char *end = memchr(data, '\n', size);
    long taken = end ? end - data + 1 : size, room = sizeof viewer->line - 1 - viewer->line_size;
    long kept = taken < room ? taken : room;
    memcpy(viewer->line + viewer->line_size, data, kept);
    viewer->line_size += kept;
    viewer->line[viewer->line_size] = 0;
    *is_whole = end != 0;
    if (end) viewer->line_size = 0;
    return taken;
}

static int is_empty(const Viewer *viewer) {
    return viewer->line[0] == '\r' || viewer->line[0] == '\n';
}

static long take_head(Viewer *viewer, const char *data, long size) {
    int is_whole;
    long taken = take_line(viewer, data, size, &is_whole);
    if (!is_whole) return taken;
    if (!strncasecmp(viewer->line, "content-length:", 15))
        viewer->picture_size = atol(viewer->line + 15);
    if (is_empty(viewer) && viewer->picture_size > 0) {
        viewer->phase = PICTURE;
        viewer->picture_left = viewer->picture_size;
        viewer->head_size = 0;
    }
    return taken;
}

static long take_picture(Viewer *viewer, const char *data, long size) {
    long taken = size < viewer->picture_left ? size : viewer->picture_left;
    long wanted = STAMPED_HEAD - viewer->head_size;
    if (wanted > taken) wanted = taken;
    memcpy(viewer->head + viewer->head_size, data, wanted);
    viewer->head_size += wanted;
    viewer->picture_left -= taken;
    if (!viewer->picture_left) {
        arrived(viewer);
        viewer->phase = HEAD;
        viewer->picture_size = 0;
    }
    return taken;
}

static void take_parts(Viewer *viewer, const char *data, long size) {
    while (size > 0) {
        long taken = viewer->phase == HEAD ? take_head(viewer, data, size)
                                           : take_picture(viewer, data, size);
        data += taken;
        size -= taken;
    }
}

// Take one byte of the line that says how long a chunk is, or the chunk itself.
static long take_chunk(Viewer *viewer, const char *data, long size) {
    if (viewer->chunk_left) {
        long taken = size < viewer->chunk_left ? size : viewer->chunk_left;
        take_parts(viewer, data, taken);
        viewer->chunk_left -= taken;
        return taken;
    }
    if (*data == '\n' && viewer->digit_count) {
        viewer->digits[viewer->digit_count] = 0;
        viewer->chunk_left = strtol(viewer->digits, 0, 16);
        viewer->digit_count = 0;
    } else if (*data != '\r' && *data != '\n' && viewer->digit_count < 31) {
        viewer->digits[viewer->digit_count++] = *data;
    }
    return 1;
}

static long take_answer(Viewer *viewer, const char *data, long size) {
    int is_whole;
    long taken = take_line(viewer, data, size, &is_whole);
    if (!is_whole) return taken;
    if (!strncmp(viewer->line, "HTTP/", 5) && !strstr(viewer->line, " 200")) {
        fprintf(stderr, "client: the server answers %s", viewer->line);
        exit(3);
    }
    if (!strncasecmp(viewer->line, "transfer-encoding:", 18) && strcasestr(viewer->line, "chunked"))
        viewer->is_chunked = 1;
    if (is_empty(viewer)) viewer->phase = HEAD;
    return taken;
}

static void take(Viewer *viewer, const char *data, long size) {
    while (size > 0) {
        long taken = size;
        if (viewer->phase == ANSWER)
            taken = take_answer(viewer, data, size);
        else if (viewer->is_chunked)
            taken = take_chunk(viewer, data, size);
        else
            take_parts(viewer, data, size);
        data += taken;
        size -= taken;
    }
}

static void watch(Viewer *viewer, int port, const char *path) {
    const char *who = getenv("AUTHORIZATION");
    char request[2048];
    int size = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n%s%s%s\r\n",
                        path, port, who ? "Authorization: " : "", who ? who : "", who ? "\r\n" : "");
    struct sockaddr_in there = {.sin_family = AF_INET,
                                .sin_port = htons(port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    viewer->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(viewer->fd, (void *)&there, sizeof there) ||
        write(viewer->fd, request, size) != size) {
        perror("client");
        exit(2);
    }
    fcntl(viewer->fd, F_SETFL, O_NONBLOCK);
}

// Take what is there; return false when the server has closed.
static int take_all(Viewer *viewer) {
    static char block[BLOCK];
    for (;;) {
        ssize_t size = recv(viewer->fd, block, sizeof block, 0);
        if (size > 0) take(viewer, block, size);
        if (size < 0 && (errno == EAGAIN || errno == EINTR)) return 1;
        if (size <= 0) return 0;
        if (size < (ssize_t)sizeof block) return 1;
    }
}

static int by_value(const void *one, const void *other) {
    double a = *(const double *)one, b = *(const double *)other;
    return (a > b) - (a < b);
}

static double age(double part) {
    return age_count ? ages[(long)((age_count - 1) * part)] : -1;
}

static void say(const char *word) {
    puts(word);
    fflush(stdout);
}

int main(int count, char **arguments) {
    if (count != 7) {
        fprintf(stderr, "usage: client PORT PATH VIEWERS STALLED WARM_S RUN_S\n");
        return 2;
    }
    int port = atoi(arguments[1]), viewer_count = atoi(arguments[3]), stalled = atoi(arguments[4]);
    double warm = atof(arguments[5]), run = atof(arguments[6]);
    Viewer *viewers = calloc(viewer_count + stalled, sizeof *viewers);
    int poller = epoll_create1(0), closed = 0, has_begun = 0, has_ended = 0;
    most_ages = viewer_count * (long)(run * 100 + 100);
    ages = malloc(sizeof *ages * most_ages);
    began = ends = UINT64_MAX;
    for (int i = 0; i < viewer_count + stalled; i++) {
        watch(&viewers[i], port, arguments[2]);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &viewers[i]};
        if (i < viewer_count) epoll_ctl(poller, EPOLL_CTL_ADD, viewers[i].fd, &event);
        usleep(BETWEEN_TWO_US);
    }
    began = now_ns() + warm * 1e9;
    ends = began + run * 1e9;
    while (now_ns() < ends + LAST_ONES_NS) {
        if (!has_begun && now_ns() >= began) has_begun = (say("START"), 1);
        if (!has_ended && now_ns() >= ends) has_ended = (say("END"), 1);
        struct epoll_event events[256];
        int ready = epoll_wait(poller, events, 256, 5);
        for (int i = 0; i < ready; i++) {
            Viewer *viewer = events[i].data.ptr;
            if (take_all(viewer)) continue;
            epoll_ctl(poller, EPOLL_CTL_DEL, viewer->fd, 0);
            closed++;
        }
    }
    long least = viewers[0].pictures, most = 0;
    for (int i = 0; i < viewer_count; i++) {
        if (viewers[i].pictures < least) least = viewers[i].pictures;
        if (viewers[i].pictures > most) most = viewers[i].pictures;
    }
    qsort(ages, age_count, sizeof *ages, by_value);
    printf("{\"delivered\": %ld, \"least\": %ld, \"most\": %ld, \"closed\": %d,"
           " \"age_p50\": %.3f, \"age_p99\": %.3f, \"age_max\": %.3f}\n",
           delivered, least, most, closed, age(.5), age(.99), age(1));
    return 0;
}
