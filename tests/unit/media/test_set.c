/* test_set.c - a set written and opened again; what is damaged is refused by name. */
#include "vsr_test.h"

#include "base/io.h"
#include "media/content.h"
#include "media/frame.h"
#include "media/part.h"
#include "media/set_json.h"
#include "media_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

static char *content[3];

static const struct index_range holes[] = {{4096, 8192}, {65536, 4096 + 17}};
static const struct index_range saved[] = {{30000, 100}, {10, 5}};

static struct fixture_file files[] = {
    {.path = "Windows/System32/notes.txt",
     .content = {"hello", 5},
     .modify_s = 1715000000,
     .modify_ns = 123456700,
     .attribute = VIEW("value"),
     .descriptor = VIEW("sd-one")},
    {.path = "Windows/a.txt", .content = {"", 0}, .descriptor = VIEW("sd-one")},
    {.path = "Data/big.bin", .content = {NULL, 300000}, .descriptor = VIEW("sd-two")},
    {.path = "Data/holes.bin",
     .content = {NULL, 69649},
     .flags = INDEX_SPARSE,
     .ranges = holes,
     .range_count = 2},
    {.path = "Data/part.mdf",
     .content = {NULL, 60000},
     .flags = INDEX_PARTIAL,
     .ranges = saved,
     .range_count = 2},
    {.path = "Data/z-link", .kind = FIXTURE_HARDLINK, .content = VIEW("Data/big.bin")},
    {.path = "Data/sym", .kind = FIXTURE_SYMLINK, .content = VIEW("../Windows/a.txt")},
    {.path = "Empty", .kind = FIXTURE_DIRECTORY, .modify_s = -7, .modify_ns = 5},
    {.volume = 1, .path = "share file.txt", .content = VIEW("on the share")},
};

static const struct set_volume volumes[] = {
    {.letter = VIEW("C:"),
     .guid = VIEW("\\\\?\\Volume{0f4f21b9-8f0a-4f3c-b0c1-5a5cba1f5e11}"),
     .label = VIEW("System"),
     .prefix = VIEW("C")},
    {.unc = VIEW("\\\\server\\share"), .case_sensitive = true, .prefix = VIEW("UNC/server/share")},
};

static const struct fixture_document documents[] = {
    {"bcd.xml", VIEW("<BACKUP_COMPONENTS/>")},
    {"wmd-1.xml", VIEW("<WRITER_METADATA/>")},
};

static const struct fixture fixture = {.files = files,
                                       .file_count = COUNT_OF(files),
                                       .volumes = volumes,
                                       .volume_count = 2,
                                       .documents = documents,
                                       .document_count = 2,
                                       .small_max = 20000,
                                       .shared_bytes = 8192,
                                       .piece_bytes = 65536,
                                       .pack_bytes = 100000};

static int set_up(void **state)
{
    static char folder[64];
    for (size_t i = 0; i < 3; i++) {
        content[i] = fixture_bytes(i + 1, files[i + 2].content.n);
        files[i + 2].content.p = content[i];
    }
    memset(content[1], 0, 4096); /* what holes hold */
    memset(content[1] + 12288, 0, 65536 - 12288);
    fixture_folder(folder);
    *state = folder;
    char path[128];
    (void)snprintf(path, sizeof path, "%s/set", folder);
    fixture_write(path, &fixture);
    return 0;
}

static int tear_down(void **state)
{
    fixture_remove(*state);
    for (size_t i = 0; i < 3; i++) {
        free(content[i]);
    }
    return 0;
}

static const char *set_path(void **state)
{
    static char path[128];
    (void)snprintf(path, sizeof path, "%s/set", (const char *)*state);
    return path;
}

static void open_set(void **state, struct media_set *set)
{
    vsr_error error = {0};
    if (set_open(set, set_path(state), &error) != VSR_OK) {
        fail_msg("%s", error.what);
    }
}

static uint32_t look_up(const struct media_set *set, uint32_t volume, const char *path)
{
    uint32_t entry = set->index.volumes[volume].root_entry;
    for (struct view rest = view_of(path); rest.n > 0;) {
        const struct view name = {rest.p, view_find(rest, '/')};
        entry = index_child(&set->index, entry, name);
        assert_int_not_equal(entry, MARK_NONE);
        rest = view_skip(rest, name.n < rest.n ? name.n + 1 : name.n);
    }
    return entry;
}

static void what_was_written_is_read(void **state)
{
    struct media_set set;
    open_set(state, &set);
    const struct set_description *d = &set.description;
    assert_int_equal(d->volume_count, 2);
    assert_view_equal(d->volumes[0].letter, "C:");
    assert_view_equal(d->volumes[0].label, "System");
    assert_false(view_present(d->volumes[0].unc));
    assert_view_equal(d->volumes[1].unc, "\\\\server\\share");
    assert_true(d->volumes[1].case_sensitive);
    assert_view_equal(index_volume_prefix(&set.index, 1), "UNC/server/share");
    assert_view_equal(d->backup_type, "full");
    assert_view_equal(d->environment[0][1], "C:\\Windows");
    assert_true(uuid_is_null(&d->parent));
    assert_int_equal(d->files, 8);
    assert_true(d->pack_count > 1);
    const uint32_t entry = look_up(&set, 0, "Windows/System32/notes.txt");
    const struct index_entry *e = &set.index.entries[entry];
    assert_int_equal(e->modify_s, 1715000000);
    assert_int_equal(e->modify_ns, 123456700);
    char path[64];
    assert_int_equal(index_path(&set.index, entry, '\\', path, sizeof path), 26);
    assert_memory_equal(path, "Windows\\System32\\notes.txt", 26);
    assert_int_equal(index_path(&set.index, entry, '\\', path, 25), 0);
    uint32_t cursor = 0;
    struct index_attribute attribute;
    assert_true(index_attribute_next(&set.index, entry, &cursor, &attribute));
    assert_view_equal(attribute.name, "user.test");
    assert_view_equal(attribute.value, "value");
    assert_false(index_attribute_next(&set.index, entry, &cursor, &attribute));
    assert_int_equal(e->descriptor,
                     set.index.entries[look_up(&set, 0, "Windows/a.txt")].descriptor);
    assert_int_equal(set.index.descriptor_count, 2);
    assert_view_equal(index_link_text(&set.index, look_up(&set, 0, "Data/sym")),
                      "../Windows/a.txt");
    assert_int_equal(set.index.entries[look_up(&set, 0, "Data/z-link")].link_group,
                     look_up(&set, 0, "Data/big.bin"));
    assert_int_equal(index_child(&set.index, 0, VIEW("windows")), MARK_NONE);
    set_close(&set);
}

/* Each name is compared with each. */
static void more_names_than_windows_has_are_refused(void **state)
{
    struct media_set set;
    struct arena arena = {0};
    struct buffer text = {0};
    struct set_description again;
    vsr_error error = {0};
    open_set(state, &set);
    struct set_description d = set.description;
    d.environment = arena_alloc(&arena, SET_ENVIRONMENT_MAX + 1, sizeof *d.environment);
    for (uint32_t i = 0; i <= SET_ENVIRONMENT_MAX; i++) {
        d.environment[i][0] = arena_printf(&arena, "N%u", i);
        d.environment[i][1] = VIEW("C:\\");
    }
    for (uint32_t more = 0; more < 2; more++) {
        d.environment_count = SET_ENVIRONMENT_MAX + more;
        text.n = 0;
        assert_int_equal(set_json_render(&text, &d, &error), VSR_OK);
        assert_int_equal(set_json_parse(&arena, buffer_view(&text), &again, &error),
                         more == 0 ? VSR_OK : VSR_ERR_MEDIA);
    }
    assert_non_null(strstr(error.what, "environment"));
    buffer_free(&text);
    arena_free(&arena);
    set_close(&set);
}

/* A set.json with this in it, under a key that nobody knows. */
static vsr_code parse_with(struct arena *arena, struct view plain, const char *again, size_t count,
                           vsr_error *error)
{
    struct set_description out;
    struct buffer text = {0};
    uint8_t hash[16];
    char digits[PART_HASH_DIGITS];
    buffer_add_view(&text, VIEW("{\"x\":["));
    for (size_t i = 0; i < count; i++) {
        buffer_printf(&text, "%s%s", i > 0 ? "," : "", again);
    }
    buffer_add_view(&text, VIEW("],"));
    buffer_add_view(&text, view_skip(plain, 1)); /* behind its '{' */
    part_hash_bytes(text.p, text.n, hash);
    part_hash_text(hash, digits);
    buffer_printf(&text, "%.*s\n", PART_HASH_DIGITS, digits);
    const vsr_code rc = set_json_parse(arena, buffer_view(&text), &out, error);
    buffer_free(&text);
    return rc;
}

/* A tree of them would take gigabytes. */
static void more_values_than_a_set_can_have_are_refused(void **state)
{
    struct media_set set;
    struct arena arena = {0};
    struct buffer text = {0};
    vsr_error error = {0};
    open_set(state, &set);
    assert_int_equal(set_json_render(&text, &set.description, &error), VSR_OK);
    const struct view plain = {text.p, text.n - PART_HASH_DIGITS - 1};
    assert_int_equal(parse_with(&arena, plain, "\"a,b\\\"[{\"", 100000, &error), VSR_OK);
    assert_int_equal(parse_with(&arena, plain, "0", SET_JSON_VALUES_MAX - 1000, &error), VSR_OK);
    static const char *const values[] = {"0", "{}", "[]", "\"\"", "[[0]]"};
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        error = (vsr_error){0};
        assert_int_equal(parse_with(&arena, plain, values[i], SET_JSON_VALUES_MAX, &error),
                         VSR_ERR_MEDIA);
        assert_non_null(strstr(error.what, "more values"));
    }
    buffer_free(&text);
    arena_free(&arena);
    set_close(&set);
}

static void more_mount_folders_than_a_set_can_have_are_refused(void **state)
{
    struct media_set set;
    struct arena arena = {0};
    struct buffer text = {0};
    struct set_description again;
    vsr_error error = {0};
    open_set(state, &set);
    struct set_description d = set.description;
    struct view *mounts = ARENA_ARRAY(&arena, struct view, SET_MOUNTS_MAX);
    struct set_volume pair[2] = {d.volumes[0], d.volumes[0]};
    for (uint32_t i = 0; i < SET_MOUNTS_MAX; i++) {
        mounts[i] = VIEW("C:\\M\\");
    }
    pair[0].mounts = mounts;
    pair[0].mount_count = SET_MOUNTS_MAX;
    pair[1].mounts = mounts;
    d.volumes = pair;
    d.volume_count = 2;
    for (uint32_t more = 0; more < 2; more++) {
        pair[1].mount_count = more;
        text.n = 0;
        assert_int_equal(set_json_render(&text, &d, &error), VSR_OK);
        assert_int_equal(set_json_parse(&arena, buffer_view(&text), &again, &error),
                         more == 0 ? VSR_OK : VSR_ERR_MEDIA);
    }
    assert_non_null(strstr(error.what, "mounts"));
    buffer_free(&text);
    arena_free(&arena);
    set_close(&set);
}

static void documents_come_back(void **state)
{
    struct media_set set;
    open_set(state, &set);
    struct buffer bytes = {0};
    vsr_error error = {0};
    assert_int_equal(set_read_document(&set, 0, &bytes, &error), VSR_OK);
    assert_int_equal(set_read_document(&set, 1, &bytes, &error), VSR_OK);
    assert_view_equal(buffer_view(&bytes), "<BACKUP_COMPONENTS/><WRITER_METADATA/>");
    buffer_free(&bytes);
    set_close(&set);
}

/* Every chunk of the file decoded, verified, and put where the index says. */
static void restore_file(const struct media_set *set, uint32_t entry, char *out)
{
    static char stored[FRAME_STORED_BYTES_MAX];
    static char plain[FRAME_PLAIN_BYTES_MAX];
    const struct index_entry *e = &set->index.entries[entry];
    for (uint32_t i = 0; i < e->chunk_count; i++) {
        const struct index_chunk *c = &set->index.chunks[e->file.first_chunk + i];
        const char *payload = NULL;
        assert_int_equal(pread(set->packs[c->pack].fd, stored, c->frame_bytes,
                               (off_t)c->frame_offset),
                         c->frame_bytes);
        assert_int_equal(frame_decode(stored, c->frame_bytes, plain, c->frame_plain_bytes,
                                      &payload),
                         FRAME_OK);
        assert_int_equal(frame_verify(stored, c->frame_bytes, payload, c->frame_plain_bytes),
                         FRAME_OK);
        assert_true(XXH3_64bits_withSeed(payload + c->offset_in_frame, c->length,
                                         index_chunk_seed(set->description.uuid.bytes, entry,
                                                          c->file_offset)) == c->xxh3_64);
        memcpy(out + c->file_offset, payload + c->offset_in_frame, c->length);
    }
}

static void frames_hold_the_files(void **state)
{
    struct media_set set;
    open_set(state, &set);
    vsr_error error = {0};
    assert_int_equal(set_open_packs(&set, true, &error), VSR_OK);
    static char out[400000];
    for (size_t i = 0; i < 5; i++) {
        memset(out, 0, sizeof out);
        restore_file(&set, look_up(&set, 0, files[i].path), out);
        if (files[i].flags == INDEX_PARTIAL) {
            assert_memory_equal(out + 30000, files[i].content.p + 30000, 100);
            assert_memory_equal(out + 10, files[i].content.p + 10, 5);
            assert_int_equal(out[20], 0);
        } else {
            assert_memory_equal(out, files[i].content.p, files[i].content.n);
        }
    }
    set_close(&set);
}

static void flip(const char *path, const char *name, off_t at)
{
    char file[256];
    (void)snprintf(file, sizeof file, "%s/%s", path, name);
    const int fd = open(file, O_RDWR);
    assert_true(fd >= 0);
    char c = 0;
    assert_int_equal(pread(fd, &c, 1, at), 1);
    c ^= 0x10;
    assert_int_equal(pwrite(fd, &c, 1, at), 1);
    close(fd);
}

static void damage_is_refused_by_name(void **state)
{
    static const struct {
        const char *name;
        off_t at;
    } flips[] = {{"set.json", 40}, {"set.json", 1}, {"index.bin", 8}, {"index.bin", 600}};
    for (size_t i = 0; i < COUNT_OF(flips); i++) {
        struct media_set set;
        vsr_error error = {0};
        flip(set_path(state), flips[i].name, flips[i].at);
        assert_int_equal(set_open(&set, set_path(state), &error), VSR_ERR_MEDIA);
        assert_non_null(strstr(error.what, flips[i].name));
        flip(set_path(state), flips[i].name, flips[i].at);
    }
    struct media_set set;
    open_set(state, &set);
    flip(set_path(state), "documents/bcd.xml", 3);
    struct buffer bytes = {0};
    vsr_error error = {0};
    assert_int_equal(set_read_document(&set, 0, &bytes, &error), VSR_ERR_MEDIA);
    assert_non_null(strstr(error.what, "bcd.xml"));
    flip(set_path(state), "documents/bcd.xml", 3);
    buffer_free(&bytes);
    set_close(&set);
}

static void a_missing_pack_is_named(void **state)
{
    char pack[256];
    char aside[256];
    (void)snprintf(pack, sizeof pack, "%s/packs/pack-000001.tar.lz4", set_path(state));
    (void)snprintf(aside, sizeof aside, "%s/aside", (const char *)*state);
    assert_int_equal(rename(pack, aside), 0);
    struct media_set set;
    vsr_error error = {0};
    open_set(state, &set);
    assert_int_equal(set_open_packs(&set, false, &error), VSR_OK);
    assert_false(source_is_open(&set.packs[1]));
    assert_true(source_has_fd(&set.packs[0]));
    assert_int_equal(set_open_packs(&set, true, &error), VSR_ERR_MEDIA);
    assert_non_null(strstr(error.what, "pack-000001.tar.lz4"));
    set_close(&set);
    assert_int_equal(rename(aside, pack), 0);
}

/* What stands at a pack's name is told apart from nothing; the rest of the set can be read. */
static void what_is_no_pack_is_named(void **state)
{
    static const struct {
        const char *want;
        int os_errno;
    } cases[] = {{"a folder", EISDIR}, {"a FIFO", ESPIPE}};
    char pack[256];
    char aside[256];
    (void)snprintf(pack, sizeof pack, "%s/packs/pack-000001.tar.lz4", set_path(state));
    (void)snprintf(aside, sizeof aside, "%s/aside", (const char *)*state);
    assert_int_equal(rename(pack, aside), 0);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(i == 0 ? mkdir(pack, 0700) : mkfifo(pack, 0600), 0);
        struct media_set set;
        vsr_error error = {0};
        open_set(state, &set);
        assert_int_equal(set_open_packs(&set, true, &error), VSR_ERR_MEDIA);
        assert_non_null(strstr(error.what, cases[i].want));
        assert_false(source_is_open(&set.packs[1]));
        assert_int_equal(set.packs[1].os_errno, cases[i].os_errno);
        set_close(&set);
        assert_int_equal(remove(pack), 0);
    }
    assert_int_equal(rename(aside, pack), 0);
}

static void what_is_no_set_is_refused(void **state)
{
    struct media_set set;
    vsr_error error = {0};
    assert_int_equal(set_open(&set, *state, &error), VSR_ERR_SELECTION);
    assert_non_null(strstr(error.what, "is no backup set"));
    vsr_error other = {0};
    assert_int_equal(set_open(&set, "/nonexistent/set", &other), VSR_ERR_SELECTION);
}

static void a_folder_in_use_is_not_written(void **state)
{
    struct set_writer *writer = NULL;
    const struct uuid uuid = {{1}};
    vsr_error error = {0};
    assert_int_equal(set_writer_begin(&writer, set_path(state), &uuid, &error), VSR_ERR_USAGE);
    assert_null(writer);
}

static void an_unfinished_set_has_no_set_json(void **state)
{
    char path[128];
    struct set_writer *writer = NULL;
    const struct uuid uuid = {{1}};
    vsr_error error = {0};
    (void)snprintf(path, sizeof path, "%s/unfinished", (const char *)*state);
    assert_int_equal(set_writer_begin(&writer, path, &uuid, &error), VSR_OK);
    assert_int_equal(set_writer_document(writer, VIEW("../x"), VIEW("x"), &error), VSR_ERR_USAGE);
    uint32_t pack = 9;
    uint64_t offset = 9;
    vsr_error ignored = {0};
    assert_int_equal(set_writer_frame(writer, "frame", 5, &pack, &offset, &ignored), VSR_OK);
    assert_int_equal(pack, 0);
    assert_int_equal(offset, 0);
    assert_int_equal(set_writer_pack_bytes(writer), 5);
    set_writer_abandon(writer);
    struct media_set set;
    vsr_error third = {0};
    assert_int_equal(set_open(&set, path, &third), VSR_ERR_MEDIA);
    assert_non_null(strstr(third.what, "never finished"));
}

static vsr_code read_file(const struct media_set *set, const char *path, size_t bytes_max,
                          struct buffer *out)
{
    vsr_error error = {0};
    out->n = 0;
    return content_read(set, look_up(set, 0, path), bytes_max, out, &error);
}

/* Whole files come back, byte for byte; nothing else is taken for one. */
static void content_is_read_and_checked(void **state)
{
    struct media_set set;
    struct buffer out = {0};
    open_set(state, &set);
    assert_int_equal(read_file(&set, "Windows/System32/notes.txt", 5, &out), VSR_OK);
    assert_true(view_equal(buffer_view(&out), VIEW("hello")));
    assert_int_equal(read_file(&set, "Windows/a.txt", 0, &out), VSR_OK);
    assert_int_equal(out.n, 0);
    assert_int_equal(read_file(&set, "Data/z-link", 300000, &out), VSR_OK);
    assert_true(view_equal(buffer_view(&out), files[2].content));
    assert_int_equal(read_file(&set, "Data/holes.bin", 70000, &out), VSR_OK);
    assert_int_equal(out.n, 69649);
    for (size_t at = 0; at < out.n; at++) {
        const bool data = (at >= 4096 && at < 4096 + 8192) || at >= 65536;
        assert_int_equal(out.p[at], data ? files[3].content.p[at] : 0);
    }
    assert_int_equal(read_file(&set, "Data/big.bin", 299999, &out), VSR_ERR_MEDIA);
    assert_int_equal(read_file(&set, "Data/part.mdf", 60000, &out), VSR_ERR_MEDIA);
    assert_int_equal(read_file(&set, "Data", 60000, &out), VSR_ERR_MEDIA);

    const struct index_entry *big = &set.index.entries[look_up(&set, 0, "Data/big.bin")];
    const struct index_chunk *chunk = &set.index.chunks[big->file.first_chunk + 1];
    char name[64] = SET_PACKS "/";
    set_pack_name(chunk->pack, name + strlen(name));
    flip(set_path(state), name, (off_t)chunk->frame_offset + 100);
    assert_int_equal(read_file(&set, "Data/big.bin", 300000, &out), VSR_ERR_MEDIA);
    assert_int_equal(out.n, 0);
    flip(set_path(state), name, (off_t)chunk->frame_offset + 100);
    assert_int_equal(read_file(&set, "Data/big.bin", 300000, &out), VSR_OK);
    buffer_free(&out);
    set_close(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(more_names_than_windows_has_are_refused),
        cmocka_unit_test(more_values_than_a_set_can_have_are_refused),
        cmocka_unit_test(more_mount_folders_than_a_set_can_have_are_refused),
        cmocka_unit_test(documents_come_back),
        cmocka_unit_test(frames_hold_the_files),
        cmocka_unit_test(damage_is_refused_by_name),
        cmocka_unit_test(content_is_read_and_checked),
        cmocka_unit_test(a_missing_pack_is_named),
        cmocka_unit_test(what_is_no_pack_is_named),
        cmocka_unit_test(what_is_no_set_is_refused),
        cmocka_unit_test(a_folder_in_use_is_not_written),
        cmocka_unit_test(an_unfinished_set_has_no_set_json),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
