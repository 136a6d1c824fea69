// Preloaded into a program, it is a V4L2 camera /dev/video0 of 1280x720 that gives MJPEG: the
// pictures of the folder FAKE_FRAMES, FAKE_FPS a second, each stamped when it is fetched.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "frames.h"
#include "stamp.h"

#define DEVICE "/dev/video0"
#define ROOM (1 << 20)  // of one buffer
#define BUFFERS 32
#define QUEUE 64

static int device = -1, memory = -1, head, tail, queue[QUEUE];
static unsigned char *buffers;
static double fps = 30;

static int opened(void) {
    if (!frame_count) {
        load_frames(getenv("FAKE_FRAMES"));
        fps = atof(getenv("FAKE_FPS"));
    }
    device = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    memory = memfd_create("v4l2", 0);
    if (ftruncate(memory, (long)QUEUE * ROOM)) return -1;
    buffers = mmap(0, (long)QUEUE * ROOM, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    head = tail = 0;
    return device;
}

static int run(double pictures) {
    struct timespec each = {.tv_nsec = pictures > 0 ? 1e9 / pictures : 0};
    struct itimerspec pace = {.it_interval = each, .it_value = each};
    return timerfd_settime(device, 0, &pace, 0);
}

static int describe(struct v4l2_capability *about) {
    memset(about, 0, sizeof *about);
    strcpy((char *)about->driver, "fake");
    strcpy((char *)about->card, "fake");
    about->device_caps = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
    about->capabilities = about->device_caps | V4L2_CAP_DEVICE_CAPS;
    return 0;
}

static int say_format(struct v4l2_format *format) {
    format->fmt.pix.width = 1280;
    format->fmt.pix.height = 720;
    format->fmt.pix.pixelformat = V4L2_PIX_FMT_MJPEG;
    format->fmt.pix.bytesperline = 0;
    format->fmt.pix.sizeimage = ROOM;
    format->fmt.pix.field = V4L2_FIELD_NONE;
    return 0;
}

static int say_rate(struct v4l2_streamparm *rate) {
    rate->parm.capture.capability = V4L2_CAP_TIMEPERFRAME;
    rate->parm.capture.timeperframe.numerator = 1;
    rate->parm.capture.timeperframe.denominator = (int)fps;
    return 0;
}

static int fetch(struct v4l2_buffer *buffer) {
    static int number;
    uint64_t ticks;
    if (head == tail || read(device, &ticks, sizeof ticks) != sizeof ticks) {
        errno = EAGAIN;
        return -1;
    }
    int index = queue[head++ % QUEUE], nth = number % frame_count;
    unsigned char *to = buffers + (size_t)index * ROOM;
    write_stamped_head(to);
    memcpy(to + STAMPED_HEAD, frames[nth] + 2, sizes[nth] - 2);
    uint64_t now = now_ns();
    memset(buffer, 0, sizeof *buffer);
    buffer->type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    buffer->memory = V4L2_MEMORY_MMAP;
    buffer->index = index;
    buffer->bytesused = sizes[nth] + STAMP_SIZE;
    buffer->length = ROOM;
    buffer->m.offset = index * ROOM;
    buffer->sequence = number++;
    buffer->timestamp.tv_sec = now / 1000000000;
    buffer->timestamp.tv_usec = now % 1000000000 / 1000;
    buffer->flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
    return 0;
}

static int answer(unsigned long request, void *argument) {
    struct v4l2_buffer *buffer = argument;
    struct v4l2_requestbuffers *wanted = argument;
    switch (request) {
    case VIDIOC_QUERYCAP: return describe(argument);
    case VIDIOC_S_INPUT: return 0;
    case VIDIOC_G_FMT:
    case VIDIOC_S_FMT: return say_format(argument);
    case VIDIOC_G_PARM:
    case VIDIOC_S_PARM: return say_rate(argument);
    case VIDIOC_REQBUFS:
        if (wanted->count > BUFFERS) wanted->count = BUFFERS;
        return 0;
    case VIDIOC_QUERYBUF:
        buffer->length = ROOM;
        buffer->m.offset = buffer->index * ROOM;
        return 0;
    case VIDIOC_QBUF: queue[tail++ % QUEUE] = buffer->index; return 0;
    case VIDIOC_STREAMON: return run(fps);
    case VIDIOC_STREAMOFF: head = tail; return run(0);
    case VIDIOC_DQBUF: return fetch(buffer);
    case VIDIOC_QUERYCTRL:
    case VIDIOC_DQEVENT: errno = EINVAL; return -1;
    default: errno = ENOTTY; return -1;
    }
}

#define OPEN(name)                                                     \
    int name(const char *path, int flags, ...) {                       \
        static int (*real)(const char *, int, ...);                    \
        if (!real) real = dlsym(RTLD_NEXT, #name);                     \
        va_list more;                                                  \
        va_start(more, flags);                                         \
        int mode = va_arg(more, int);                                  \
        va_end(more);                                                  \
        return strcmp(path, DEVICE) ? real(path, flags, mode) : opened(); \
    }
OPEN(open)
OPEN(open64)
OPEN(__open_2)
OPEN(__open64_2)

#define MAP(name, offset_type)                                                         \
    void *name(void *at, size_t length, int rights, int flags, int fd, offset_type offset) { \
        static void *(*real)(void *, size_t, int, int, int, offset_type);              \
        if (!real) real = dlsym(RTLD_NEXT, #name);                                     \
        int from = fd >= 0 && fd == device ? memory : fd;                              \
        return real(at, length, rights, flags, from, offset);                          \
    }
MAP(mmap, off_t)
MAP(mmap64, off64_t)

int access(const char *path, int mode) {
    static int (*real)(const char *, int);
    if (!real) real = dlsym(RTLD_NEXT, "access");
    return strcmp(path, DEVICE) ? real(path, mode) : 0;
}

int ioctl(int fd, unsigned long request, ...) {
    static int (*real)(int, unsigned long, ...);
    if (!real) real = dlsym(RTLD_NEXT, "ioctl");
    va_list more;
    va_start(more, request);
    void *argument = va_arg(more, void *);
    va_end(more);
    return fd >= 0 && fd == device ? answer((uint32_t)request, argument)
                                   : real(fd, request, argument);
}
