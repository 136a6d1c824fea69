// The least that sending pictures to many can cost: one thread, one epoll, plain send.
// Usage: limit PORT FPS FOLDER
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "frames.h"
#include "stamp.h"

#define MOST_VIEWERS 4096

typedef struct {
    int references;
    size_t size;
    unsigned char data[];
} Part;

typedef struct {
    int fd, is_polled;
    Part *part;  // what is being sent, if anything
    size_t sent;
} Viewer;

static const char ANSWER[] = "HTTP/1.1 200 OK\r\n"
                             "Content-Type: multipart/x-mixed-replace; boundary=frame\r\n"
                             "Connection: close\r\n\r\n";
static int poller, viewer_count;
static Viewer *viewers[MOST_VIEWERS];

static void release(Part *part) {
    if (--part->references == 0) free(part);
}

static void poll_for(int operation, Viewer *viewer, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = viewer};
    epoll_ctl(poller, operation, viewer->fd, &event);
}

static void drop(Viewer *viewer) {
    close(viewer->fd);
    for (int i = 0; i < viewer_count; i++)
        if (viewers[i] == viewer) {
            viewers[i] = viewers[--viewer_count];
            break;
        }
    release(viewer->part);
    viewer->part = 0;  // itself it stays: the events of this round may still name it
}

static void send_on(Viewer *viewer) {
    Part *part = viewer->part;
    while (viewer->sent < part->size) {
        ssize_t taken =
            send(viewer->fd, part->data + viewer->sent, part->size - viewer->sent, MSG_NOSIGNAL);
        if (taken < 0 && errno != EAGAIN) {
            drop(viewer);
            return;
        }
        if (taken < 0) {
            if (!viewer->is_polled) poll_for(EPOLL_CTL_MOD, viewer, EPOLLOUT);
            viewer->is_polled = 1;
            return;
        }
        viewer->sent += taken;
    }
    if (viewer->is_polled) poll_for(EPOLL_CTL_MOD, viewer, 0);
    viewer->is_polled = 0;
    viewer->part = 0;
    release(part);
}

static Part *next_part(void) {
    static int number;
    int nth = number++ % frame_count;
    Part *part = malloc(sizeof *part + sizes[nth] + 256);
    unsigned char *to = part->data;
    to += sprintf((char *)to,
                  "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %zu\r\n\r\n",
                  sizes[nth] + STAMP_SIZE);
    write_stamped_head(to);
    memcpy(to + STAMPED_HEAD, frames[nth] + 2, sizes[nth] - 2);
    to += STAMP_SIZE + sizes[nth];
    memcpy(to, "\r\n", 2);
    part->size = to + 2 - part->data;
    part->references = 1;
    return part;
}

static void send_next(int clock) {
    uint64_t ticks;
    if (read(clock, &ticks, sizeof ticks) != sizeof ticks) return;
    Part *part = next_part();
    for (int i = viewer_count - 1; i >= 0; i--) {
        Viewer *viewer = viewers[i];
        if (viewer->part) continue;  // it is still busy with one before
        part->references++;
        viewer->part = part;
        viewer->sent = 0;
        send_on(viewer);
    }
    release(part);
}

static void welcome(int door) {
    char request[4096];
    int fd = accept4(door, 0, 0, 0);
    if (read(fd, request, sizeof request) <= 0 || viewer_count == MOST_VIEWERS ||
        write(fd, ANSWER, strlen(ANSWER)) < 0) {
        close(fd);
        return;
    }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    Viewer *viewer = calloc(1, sizeof *viewer);
    viewer->fd = fd;
    poll_for(EPOLL_CTL_ADD, viewer, 0);
    viewers[viewer_count++] = viewer;
}

static int opened_door(int port) {
    int door = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    struct sockaddr_in here = {.sin_family = AF_INET,
                               .sin_port = htons(port),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(door, (void *)&here, sizeof here) || listen(door, 512)) {
        perror("limit");
        exit(1);
    }
    return door;
}

static int started_clock(double fps) {
    int clock = timerfd_create(CLOCK_MONOTONIC, 0);
    struct timespec each = {.tv_nsec = 1e9 / fps};
    struct itimerspec pace = {.it_interval = each, .it_value = each};
    timerfd_settime(clock, 0, &pace, 0);
    return clock;
}

int main(int count, char **arguments) {
    if (count != 4) {
        fprintf(stderr, "usage: limit PORT FPS FOLDER\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    load_frames(arguments[3]);
    poller = epoll_create1(0);
    Viewer door = {.fd = opened_door(atoi(arguments[1]))};
    Viewer clock = {.fd = started_clock(atof(arguments[2]))};
    poll_for(EPOLL_CTL_ADD, &door, EPOLLIN);
    poll_for(EPOLL_CTL_ADD, &clock, EPOLLIN);
    for (;;) {
        struct epoll_event events[256];
        int ready = epoll_wait(poller, events, 256, -1);
        for (int i = 0; i < ready; i++) {
            Viewer *viewer = events[i].data.ptr;
            if (viewer == &door)
                welcome(door.fd);
            else if (viewer == &clock)
                send_next(clock.fd);
            else if (viewer->part)
                send_on(viewer);
        }
    }
}
