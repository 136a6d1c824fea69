// The least that passing pictures on can cost: one who watches, plain recv and send.
// Usage: relay PORT SERVER_PORT
//
// Who watches is asked nothing: the request goes on as it is, and so does the answer. That each
// picture has a length is read along the way, so that nobody is woken before it is there whole.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BLOCK (1 << 20)
#define MOST_WAITED_FOR (BLOCK / 2)

typedef struct {
    char line[256];
    int line_size;
    long announced, left;  // of a picture
} Stream;

static char block[BLOCK];

static void end_line(Stream *stream) {
    stream->line[stream->line_size] = 0;
    if (!strncasecmp(stream->line, "content-length:", 15))
        stream->announced = atol(stream->line + 15);
    if (stream->line[0] == '\r') {
        stream->left = stream->announced;
        stream->announced = 0;
    }
    stream->line_size = 0;
}

static void follow(Stream *stream, const char *data, long size) {
    while (size > 0) {
        long taken = 1;
        if (stream->left) {
            taken = size < stream->left ? size : stream->left;
            stream->left -= taken;
        } else if (*data == '\n') {
            end_line(stream);
        } else if (stream->line_size < (int)sizeof stream->line - 1) {
            stream->line[stream->line_size++] = *data;
        }
        data += taken;
        size -= taken;
    }
}

static int send_all(int to, const char *data, long size) {
    while (size > 0) {
        ssize_t taken = send(to, data, size, MSG_NOSIGNAL);
        if (taken <= 0) return 0;
        data += taken;
        size -= taken;
    }
    return 1;
}

static void pass_on(int from, int to) {
    Stream stream = {0};
    for (;;) {
        int least = stream.left < MOST_WAITED_FOR ? stream.left : MOST_WAITED_FOR;
        if (least < 1) least = 1;
        setsockopt(from, SOL_SOCKET, SO_RCVLOWAT, &least, sizeof least);
        ssize_t size = recv(from, block, sizeof block, 0);
        if (size <= 0 || !send_all(to, block, size)) return;
        follow(&stream, block, size);
    }
}

static struct sockaddr_in here(int port) {
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons(port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void serve(int viewer, int server_port) {
    int server = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in there = here(server_port);
    ssize_t size = recv(viewer, block, sizeof block, 0);
    if (size > 0 && !connect(server, (void *)&there, sizeof there) &&
        send_all(server, block, size))
        pass_on(server, viewer);
    close(server);
    close(viewer);
}

int main(int count, char **arguments) {
    if (count != 3) {
        fprintf(stderr, "usage: relay PORT SERVER_PORT\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    int door = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    struct sockaddr_in address = here(atoi(arguments[1]));
    setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(door, (void *)&address, sizeof address) || listen(door, 16)) {
        perror("relay");
        return 1;
    }
    for (;;) serve(accept(door, 0, 0), atoi(arguments[2]));
}
