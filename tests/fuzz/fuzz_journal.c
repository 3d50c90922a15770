/* fuzz_journal.c - journals that another machine, a power cut or somebody else left.
 *
 * Goal: reading a run's journal ends, in order, at a torn tail or a fault; what a pending folder's
 * journal lets through leads nowhere outside. Method: the first byte says whether the rest is a
 * journal as it stands, or records (a type, a payload's length, a payload) for right frames. */
#include "fuzz.h"
#include "fuzz_folder.h"

#include "run/journal.h"
#include "run/pending_journal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { FRAMED = 1, CHANGING = 2, TORN = 4 };

static struct pending_folder folder = {.top_fd = -1, .fd = -1};

void fuzz_prepare(void)
{
    folder.fd = open(fuzz_folder_make(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    folder.top_fd = dup(folder.fd);
    VSR_REQUIRE(folder.fd >= 0 && folder.top_fd >= 0);
}

/* Records: u16 type, u16 payload bytes, payload. */
static void frames_render(struct buffer *out, struct view records)
{
    for (uint64_t sequence = 0; records.n >= 4; sequence++) {
        uint16_t head[2];
        memcpy(head, records.p, sizeof head);
        records = view_skip(records, sizeof head);
        const uint32_t bytes = head[1] < records.n ? head[1] : (uint32_t)records.n;
        journal_frame(out, sequence, head[0], sequence % 2 == 0 ? MARK_NONE : 1, records.p, bytes);
        records = view_skip(records, bytes);
    }
}

static uint64_t run_number(struct view bytes)
{
    struct journal_cursor cursor = {.bytes = bytes};
    struct journal_record record;
    struct view payload;
    uint64_t sum = 1, count = 0;
    while (journal_next(&cursor, &record, &payload)) {
        VSR_REQUIRE(record.sequence == count++ && cursor.at <= bytes.n);
        fuzz_add_number(&sum, record.type);
        fuzz_add_text(&sum, payload);
    }
    VSR_REQUIRE(cursor.torn_bytes == bytes.n - cursor.at);
    fuzz_add_number(&sum, cursor.torn_bytes + (cursor.fault != NULL));
    return sum;
}

static bool path_is_inside(struct view path)
{
    while (path.n > 0) {
        const size_t n = view_find(path, '/');
        if (!root_name_is_plain((struct view){path.p, n})) {
            return false;
        }
        path = view_skip(path, n < path.n ? n + 1 : n);
    }
    return true;
}

static uint64_t content_number(const struct pending_content *content)
{
    uint64_t sum = 1;
    for (uint32_t i = 0; i < content->item_count; i++) {
        const struct pending_record *record = &content->items[i].record;
        VSR_REQUIRE(record->dst.n > 0 && path_is_inside(record->dst));
        VSR_REQUIRE(record->dst.p[record->dst.n] == '\0' && record->src.p[record->src.n] == '\0');
        VSR_REQUIRE((record->op != PENDING_MOVE && record->op != PENDING_MKDIR) ||
                    root_name_is_plain(record->src));
        fuzz_add_text(&sum, record->src);
        fuzz_add_text(&sum, record->dst);
        fuzz_add_number(&sum, record->seq);
        fuzz_add_number(&sum, record->unit + content->items[i].counts);
    }
    fuzz_add_number(&sum, content->torn_bytes);
    return sum;
}

static uint64_t pending_number(bool to_change)
{
    struct pending_journal journal;
    struct pending_content content;
    vsr_error error = {0};
    const vsr_code rc = pending_journal_open(&journal, &content, &folder, "p", to_change, &error);
    if (rc != VSR_OK) {
        VSR_REQUIRE(rc == VSR_ERR_RUN_FOREIGN || rc == VSR_ERR_MEMORY);
        return fuzz_refused(rc, &error);
    }
    const uint64_t sum = content_number(&content);
    pending_content_free(&content);
    pending_journal_close(&journal);
    return sum;
}

uint64_t fuzz_target(const uint8_t *data, size_t size)
{
    struct buffer bytes = {0};
    if (size == 0) {
        return 1;
    }
    fuzz_plenty(true);
    const struct view rest = {(const char *)data + 1, size - 1};
    if ((data[0] & FRAMED) != 0) {
        frames_render(&bytes, rest);
    } else {
        buffer_add_view(&bytes, rest);
    }
    bytes.n -=
        (data[0] & TORN) != 0 && bytes.n > 0 ? 1 + data[0] % (bytes.n < 64 ? bytes.n : 64) : 0;
    fuzz_folder_put(folder.fd, PENDING_JOURNAL, buffer_view(&bytes));
    fuzz_plenty(false);
    const uint64_t parts[2] = {run_number(buffer_view(&bytes)),
                               pending_number((data[0] & CHANGING) != 0)};
    buffer_free(&bytes);
    return parts[1] == FUZZ_NO_MEMORY ? FUZZ_NO_MEMORY : hash_bytes(parts, sizeof parts) | 1;
}
