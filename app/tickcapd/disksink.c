/*
 * Direct I/O wants whole pages at page offsets, and blocks end anywhere. Bytes are collected in
 * large buffers; a full buffer is written where it belongs. To make a part of a buffer durable, its
 * pages are copied to a stage of their own and written from there, the last one filled up with
 * zeros; when more has arrived the same pages are written again, their beginning unchanged. So
 * memory under a write never changes, and a torn write cannot harm what was durable.
 *
 * Writes to the same pages must not overtake each other: a full buffer waits for the stage.
 */
#include "tickcapd/disksink.h"

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "file/paths.h"

enum {
    PAGE_BYTES = 4096,
    BUFFER_BYTES = 1 << 20,
    BUFFERS = 8,
    STAGE = BUFFERS,    /* its number among the buffers */
    SYNC = BUFFERS + 1, /* as a tag: the flush of the disk's cache */
};

struct disk_sink {
    struct tc_sink sink;
    struct io_uring ring;
    bool has_ring;
    int file;
    char path[TC_PATH_BYTES];
    uint8_t *memory;             /* BUFFERS and the stage */
    size_t writing[BUFFERS + 1]; /* bytes under way of each; 0: free */
    uint64_t place[BUFFERS + 1]; /* where in the file they go */
    unsigned current;
    size_t used;          /* of the current buffer */
    size_t staged;        /* of the current buffer, written from the stage */
    uint64_t offset;      /* of the current buffer in the file */
    uint64_t reserved_to; /* file space */
    bool syncing;
    uint64_t sync_to;   /* what the flush that is under way makes durable */
    uint64_t synced_to; /* durable */
    int failure;        /* errno of the first write that failed */
    uint64_t failed_at; /* everything before it in the file was written */
};

static uint8_t *buffer_of(const struct disk_sink *self, unsigned number)
{
    return self->memory + (size_t)number * BUFFER_BYTES;
}

static enum tc_status refuse(const struct disk_sink *self, int number, struct tc_error *error)
{
    return tc_fail(error, number == ENOSPC ? TC_FULL : TC_IO, "%s: cannot be written: %s",
                   self->path, strerror(number));
}

/* ---- completions ---- */

static void fail_at(struct disk_sink *self, uint64_t offset, int number)
{
    if (self->failure == 0)
        self->failure = number;
    if (offset < self->failed_at)
        self->failed_at = offset;
}

static void complete(struct disk_sink *self, const struct io_uring_cqe *done)
{
    uint64_t tag = io_uring_cqe_get_data64(done);

    if (tag == SYNC) {
        self->syncing = false;
        if (done->res < 0) /* nobody knows what has become of it */
            fail_at(self, self->synced_to, -done->res);
        else
            self->synced_to = self->sync_to;
        return;
    }
    if (done->res < 0)
        fail_at(self, self->place[tag], -done->res);
    else if ((size_t)done->res != self->writing[tag]) /* a short write of a regular file */
        fail_at(self, self->place[tag] + (uint64_t)done->res, ENOSPC);
    self->writing[tag] = 0;
}

/* Takes what has completed; with `wait`, at least one. */
static enum tc_status reap(struct disk_sink *self, bool wait, struct tc_error *error)
{
    struct io_uring_cqe *done;
    int result = wait ? io_uring_wait_cqe(&self->ring, &done)
                      : io_uring_peek_cqe(&self->ring, &done);

    while (result == 0) {
        complete(self, done);
        io_uring_cqe_seen(&self->ring, done);
        result = io_uring_peek_cqe(&self->ring, &done);
    }
    if (result != -EAGAIN && result != -EINTR)
        return refuse(self, -result, error);
    return self->failure == 0 ? TC_OK : refuse(self, self->failure, error);
}

static enum tc_status await_buffer(struct disk_sink *self, unsigned number, struct tc_error *error)
{
    enum tc_status status = TC_OK;

    while (status == TC_OK && self->writing[number] != 0)
        status = reap(self, true, error);
    return status;
}

/* Waits for what is under way, whatever has failed: memory under a write must not go away. */
static void settle(struct disk_sink *self)
{
    struct io_uring_cqe *done;
    bool busy = true;

    while (busy) {
        int result = 0;

        busy = self->syncing;
        for (unsigned i = 0; i <= STAGE; i++)
            busy |= self->writing[i] != 0;
        if (busy)
            result = io_uring_wait_cqe(&self->ring, &done);
        if (busy && result == 0) {
            complete(self, done);
            io_uring_cqe_seen(&self->ring, done);
        }
        busy &= result == 0 || result == -EINTR;
    }
}

static enum tc_status await_all(struct disk_sink *self, struct tc_error *error)
{
    enum tc_status status = TC_OK;

    for (unsigned i = 0; status == TC_OK && i <= STAGE; i++)
        status = await_buffer(self, i, error);
    while (status == TC_OK && self->syncing)
        status = reap(self, true, error);
    return status;
}

/* ---- submissions ---- */

static enum tc_status submit(struct disk_sink *self, struct tc_error *error)
{
    int result;

    do
        result = io_uring_submit(&self->ring);
    while (result == -EINTR || result == -EAGAIN);
    return result >= 0 ? TC_OK : refuse(self, -result, error);
}

static enum tc_status start_write(struct disk_sink *self, unsigned number, uint64_t offset,
                                  size_t length, struct tc_error *error)
{
    struct io_uring_sqe *entry = io_uring_get_sqe(&self->ring);
    enum tc_status status;

    if (entry == NULL)
        return refuse(self, EBUSY, error); /* never: there are more entries than buffers */
    if (offset + length > self->reserved_to) {
        /* reserving may fail where a file system cannot; then space is taken as it is written */
        (void)!fallocate(self->file, FALLOC_FL_KEEP_SIZE, (off_t)self->reserved_to,
                         TC_DISK_AHEAD_BYTES);
        self->reserved_to += TC_DISK_AHEAD_BYTES;
    }
    io_uring_prep_write(entry, self->file, buffer_of(self, number), (unsigned)length, offset);
    io_uring_sqe_set_data64(entry, number);
    self->writing[number] = length;
    self->place[number] = offset;
    status = submit(self, error);
    if (status != TC_OK) {
        self->writing[number] = 0;
        fail_at(self, offset, EIO);
    }
    return status;
}

/* Writes the current buffer, which is full, and goes on with the next one. */
static enum tc_status turn_over(struct disk_sink *self, struct tc_error *error)
{
    enum tc_status status = await_buffer(self, STAGE, error);

    if (status == TC_OK)
        status = start_write(self, self->current, self->offset, BUFFER_BYTES, error);
    if (status != TC_OK)
        return status;
    self->offset += BUFFER_BYTES;
    self->used = 0;
    self->staged = 0;
    self->current = (self->current + 1) % BUFFERS;
    return await_buffer(self, self->current, error);
}

/* Writes the pages of the current buffer that have changed since they were written last. */
static enum tc_status write_stage(struct disk_sink *self, struct tc_error *error)
{
    size_t first = self->staged / PAGE_BYTES * PAGE_BYTES;
    size_t length = tc_align_up(self->used, PAGE_BYTES) - first;
    enum tc_status status = await_buffer(self, STAGE, error);

    if (status != TC_OK || self->staged == self->used)
        return status;
    memset(buffer_of(self, STAGE), 0, length);
    memcpy(buffer_of(self, STAGE), buffer_of(self, self->current) + first, self->used - first);
    self->staged = self->used;
    return start_write(self, STAGE, self->offset + first, length, error);
}

/* ---- the calls of a sink ---- */

static enum tc_status disk_open(struct tc_sink *sink, const char *path, struct tc_error *error)
{
    struct disk_sink *self = (struct disk_sink *)sink;

    snprintf(self->path, sizeof self->path, "%s", path);
    self->file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (self->file < 0)
        return tc_fail(error, TC_IO, "%s: cannot be created: %s", path, strerror(errno));
    /*
     * A file system without direct I/O, such as ramfs, refuses this, and writes go through the page
     * cache. Asked for with the open it would have refused after it had made the file.
     */
    (void)!fcntl(self->file, F_SETFL, O_DIRECT);
    self->used = 0;
    self->staged = 0;
    self->offset = 0;
    self->reserved_to = 0;
    self->synced_to = 0;
    self->failure = 0;
    self->failed_at = UINT64_MAX;
    return TC_OK;
}

static enum tc_status disk_append(struct tc_sink *sink, const void *bytes, size_t length,
                                  struct tc_error *error)
{
    struct disk_sink *self = (struct disk_sink *)sink;
    const uint8_t *from = bytes;
    enum tc_status status = reap(self, false, error);

    while (status == TC_OK && length > 0) {
        size_t room = BUFFER_BYTES - self->used;
        size_t taken = length < room ? length : room;

        memcpy(buffer_of(self, self->current) + self->used, from, taken);
        self->used += taken;
        from += taken;
        length -= taken;
        if (self->used == BUFFER_BYTES)
            status = turn_over(self, error);
    }
    return status;
}

static enum tc_status disk_sync(struct tc_sink *sink, struct tc_error *error)
{
    struct disk_sink *self = (struct disk_sink *)sink;
    struct io_uring_sqe *entry;
    enum tc_status status = reap(self, false, error);

    if (status != TC_OK || self->syncing)
        return status; /* the one under way is followed by the next interval's */
    status = write_stage(self, error);
    if (status != TC_OK)
        return status;
    entry = io_uring_get_sqe(&self->ring);
    if (entry == NULL)
        return refuse(self, EBUSY, error);
    io_uring_prep_fsync(entry, self->file, IORING_FSYNC_DATASYNC);
    io_uring_sqe_set_flags(entry, IOSQE_IO_DRAIN); /* after all writes before it */
    io_uring_sqe_set_data64(entry, SYNC);
    self->sync_to = self->offset + self->used;
    status = submit(self, error);
    self->syncing = status == TC_OK;
    return status;
}

static enum tc_status disk_close(struct tc_sink *sink, const char *path, struct tc_error *error)
{
    struct disk_sink *self = (struct disk_sink *)sink;
    uint64_t file_bytes = self->offset + self->used;
    enum tc_status status = write_stage(self, error);

    if (status == TC_OK)
        status = await_all(self, error);
    /* the last page was filled up with zeros, and space was reserved beyond it */
    if (status == TC_OK &&
        (ftruncate(self->file, (off_t)file_bytes) != 0 || fsync(self->file) != 0)) {
        fail_at(self, self->synced_to, errno);
        status = refuse(self, self->failure, error);
    }
    if (close(self->file) != 0 && status == TC_OK)
        status = refuse(self, errno, error);
    self->file = -1;
    if (status == TC_OK && path != NULL)
        status = tc_rename_durably(self->path, path, error);
    return status;
}

static uint64_t disk_written(struct tc_sink *sink)
{
    struct disk_sink *self = (struct disk_sink *)sink;
    uint64_t sent = self->offset + self->staged;

    settle(self);
    return self->failed_at < sent ? self->failed_at : sent;
}

static const struct tc_sink_ops disk_sink_ops = {
    .open = disk_open,
    .append = disk_append,
    .sync = disk_sync,
    .close = disk_close,
    .written = disk_written,
};

struct tc_sink *tc_disk_sink_new(struct tc_error *error)
{
    struct disk_sink *self = calloc(1, sizeof *self);
    int result;

    if (self == NULL)
        return NULL;
    self->sink.ops = &disk_sink_ops;
    self->file = -1;
    self->memory = aligned_alloc(PAGE_BYTES, (size_t)(BUFFERS + 1) * BUFFER_BYTES);
    result = io_uring_queue_init(4 * BUFFERS, &self->ring, 0);
    self->has_ring = result == 0;
    if (self->memory == NULL || result != 0) {
        tc_fail(error, TC_IO, "the kernel gives no io_uring: %s",
                self->memory == NULL ? "no memory" : strerror(-result));
        tc_disk_sink_free(&self->sink);
        return NULL;
    }
    memset(self->memory, 0, (size_t)(BUFFERS + 1) * BUFFER_BYTES);
    return &self->sink;
}

void tc_disk_sink_free(struct tc_sink *sink)
{
    struct disk_sink *self = (struct disk_sink *)sink;

    if (self == NULL)
        return;
    if (self->has_ring) {
        settle(self);
        io_uring_queue_exit(&self->ring);
    }
    if (self->file >= 0)
        close(self->file);
    free(self->memory);
    free(self);
}
