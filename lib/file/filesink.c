/* The sink of plain writes: one buffer, fdatasync, rename. Used where nobody waits for frames. */
#include "file/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file/paths.h"

enum { BUFFER_BYTES = 1 << 20 };

struct file_sink {
    struct tc_sink sink;
    int file;
    size_t used;
    uint64_t written;
    char path[TC_PATH_BYTES];
    uint8_t buffer[BUFFER_BYTES];
};

static enum tc_status file_open(struct tc_sink *sink, const char *path, struct tc_error *error)
{
    struct file_sink *self = (struct file_sink *)sink;

    snprintf(self->path, sizeof self->path, "%s", path);
    self->used = 0;
    self->written = 0;
    self->file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (self->file < 0)
        return tc_fail(error, TC_IO, "%s: cannot be created: %s", path, strerror(errno));
    return TC_OK;
}

static enum tc_status write_all(struct file_sink *self, const uint8_t *bytes, size_t length,
                                struct tc_error *error)
{
    while (length > 0) {
        ssize_t written = write(self->file, bytes, length);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return tc_fail(error, TC_IO, "%s: cannot be written: %s", self->path, strerror(errno));
        bytes += written;
        length -= (size_t)written;
        self->written += (uint64_t)written;
    }
    return TC_OK;
}

static enum tc_status empty_buffer(struct file_sink *self, struct tc_error *error)
{
    enum tc_status status = write_all(self, self->buffer, self->used, error);

    self->used = 0;
    return status;
}

static enum tc_status file_append(struct tc_sink *sink, const void *bytes, size_t length,
                                  struct tc_error *error)
{
    struct file_sink *self = (struct file_sink *)sink;
    enum tc_status status;

    if (length > BUFFER_BYTES - self->used) {
        status = empty_buffer(self, error);
        if (status != TC_OK || length > BUFFER_BYTES)
            return status != TC_OK ? status : write_all(self, bytes, length, error);
    }
    memcpy(self->buffer + self->used, bytes, length);
    self->used += length;
    return TC_OK;
}

static enum tc_status file_sync(struct tc_sink *sink, struct tc_error *error)
{
    struct file_sink *self = (struct file_sink *)sink;
    enum tc_status status = empty_buffer(self, error);

    if (status == TC_OK && fdatasync(self->file) != 0)
        return tc_fail(error, TC_IO, "%s: cannot be made durable: %s", self->path, strerror(errno));
    return status;
}

static enum tc_status file_close(struct tc_sink *sink, const char *path, struct tc_error *error)
{
    struct file_sink *self = (struct file_sink *)sink;
    enum tc_status status = file_sync(sink, error);

    if (close(self->file) != 0 && status == TC_OK)
        status = tc_fail(error, TC_IO, "%s: cannot be closed: %s", self->path, strerror(errno));
    self->file = -1;
    if (status == TC_OK && path != NULL)
        status = tc_rename_durably(self->path, path, error);
    return status;
}

static uint64_t file_written(struct tc_sink *sink)
{
    return ((struct file_sink *)sink)->written;
}

static const struct tc_sink_ops file_sink_ops = {
    .open = file_open,
    .append = file_append,
    .sync = file_sync,
    .close = file_close,
    .written = file_written,
};

struct tc_sink *tc_file_sink_new(void)
{
    struct file_sink *self = calloc(1, sizeof *self);

    if (self == NULL)
        return NULL;
    self->sink.ops = &file_sink_ops;
    self->file = -1;
    return &self->sink;
}

void tc_file_sink_free(struct tc_sink *sink)
{
    struct file_sink *self = (struct file_sink *)sink;

    if (self != NULL && self->file >= 0)
        close(self->file);
    free(self);
}
