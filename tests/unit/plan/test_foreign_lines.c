/* test_foreign_lines.c - another front end's plan as a catalogue: what is in it, how it hangs
 * together, and which line a fault is in. */
#include "vsr_test.h"

#include "base/limits.h"
#include "plan/foreign_lines.h"

#define HEAD(units, files, bytes)                                                                  \
    "{\"t\":\"plan\",\"v\":1,\"set\":null,\"volumes\":[{\"spec\":\"C:\",\"dir\":\"/o\"},"          \
    "{\"spec\":\"\\\\\\\\s\\\\h\",\"dir\":\"/o/in\"}],\"units\":" #units ",\"files\":" #files      \
    ",\"bytes\":" #bytes "}\n"
#define UNIT "{\"t\":\"unit\",\"id\":0,\"component\":\"a\"}\n"
#define CHUNK(file, size)                                                                          \
    "{\"file\":\"" file "\",\"offset\":0,\"length\":" #size ",\"codec\":\"none\",\"size\":" #size  \
    ",\"xxh3\":\"0123456789abcdef\"}"
#define FILE_AT(path, size, chunks)                                                                \
    "{\"t\":\"file\",\"unit\":0,\"path\":\"" path "\",\"size\":" #size ",\"chunks\":[" chunks "]}" \
    "\n"
#define END "{\"t\":\"end\"}\n"

static void read_right(struct media_set *set, const char *text)
{
    vsr_error error = {0};
    assert_true(foreign_lines_are(view_of(text)));
    if (foreign_read_lines(set, view_of(text), "/media/plan.jsonl", &error) != VSR_OK) {
        fail_msg("%s", error.what);
    }
}

static void read_wrong(const char *text, const char *word)
{
    struct media_set set;
    vsr_error error = {0};
    assert_int_equal(foreign_read_lines(&set, view_of(text), "/media/plan.jsonl", &error),
                     VSR_ERR_RUN_FOREIGN);
    if (strstr(error.what, word) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", word, error.what);
    }
    assert_null(set.foreign);
}

static uint32_t entry_at(const struct media_set *set, uint32_t volume, const char *path)
{
    uint32_t at = set->index.volumes[volume].root_entry;
    struct view rest = view_of(path);
    while (rest.n > 0 && at != MARK_NONE) {
        const struct view name = {rest.p, view_find(rest, '/')};
        at = index_child(&set->index, at, name);
        rest = view_skip(rest, name.n < rest.n ? name.n + 1 : name.n);
    }
    return at;
}

static void the_catalogue_holds_every_place(void **state)
{
    (void)state;
    struct media_set set;
    read_right(&set, HEAD(1, 6, 12) UNIT FILE_AT("/o/z", 3, CHUNK("x", 3))
                         FILE_AT("/o/b/d/2", 4, CHUNK("x", 4)) FILE_AT("/o/b/1", 0, "")
                             FILE_AT("/o/in/b/1", 5, CHUNK("/y", 5)) FILE_AT("/o/inner", 0, "")
                                 FILE_AT("/o/b/c", 0, "") END);
    assert_int_equal(set.index.volume_count, 2);
    assert_int_equal(set.foreign->record_count, 6);
    assert_int_equal(set.foreign->source_count, 2);
    assert_view_equal(set.foreign->sources[0].path, "/media/x");
    assert_view_equal(set.foreign->sources[1].path, "/y");
    static const struct {
        uint32_t volume;
        const char *path;
        uint64_t size;
    } wanted[] = {{0, "z", 3},   {0, "b/d/2", 4}, {0, "b/1", 0},
                  {1, "b/1", 5}, {0, "inner", 0}, {0, "b/c", 0}};
    for (uint32_t i = 0; i < COUNT_OF(wanted); i++) {
        const uint32_t entry = entry_at(&set, wanted[i].volume, wanted[i].path);
        assert_int_equal(entry, set.foreign->records[i]);
        assert_int_equal(set.index.entries[entry].kind, INDEX_FILE);
        assert_int_equal(set.index.entries[entry].size, wanted[i].size);
    }
    const struct index_entry *top = &set.index.entries[set.index.volumes[0].root_entry];
    assert_int_equal(top->directory.child_count, 3); /* files before folders */
    assert_int_equal(top->directory.first_directory, top->directory.first_child + 2);
    assert_int_equal(set.index.entries[entry_at(&set, 0, "b/d")].kind, INDEX_DIRECTORY);
    set_close(&set);
}

static void chunks_and_holes_are_kept(void **state)
{
    (void)state;
    struct media_set set;
    read_right(&set, HEAD(1, 1, 5000000000) UNIT
               "{\"t\":\"file\",\"unit\":0,\"path\":\"/o/f\",\"size\":5000000000,\"sparse\":true,"
               "\"modify_s\":-7,\"modify_ns\":9,\"mode\":384,\"chunks\":["
               "{\"file\":\"x\",\"at\":10,\"offset\":1,\"length\":9,\"codec\":\"lz4-frame\","
               "\"size\":4500000000,\"xxh3\":\"000102030405060708090a0b0c0d0e0f\"},"
               "{\"file\":\"x\",\"offset\":1,\"length\":9,\"codec\":\"lz4-block\","
               "\"size\":10,\"xxh3\":\"0123456789abcdef\"},"
               "{\"file\":\"x\",\"at\":4900000000,\"offset\":1,\"length\":9,\"codec\":\"none\","
               "\"size\":9,\"xxh3\":\"0123456789abcdef\"}]}\n" END);
    const struct index_entry *e = &set.index.entries[set.foreign->records[0]];
    assert_int_equal(e->chunk_count, 3);
    assert_int_equal(e->range_count, 2);
    assert_int_equal(set.index.ranges[0].length, 4500000010);
    assert_int_equal(foreign_chunk_bytes(&set, 0), 4500000000);
    assert_int_equal(set.foreign->chunks[1].file_offset, 4500000010);
    assert_int_equal(set.foreign->chunks[0].sum_bytes, 16);
    assert_int_equal(set.foreign->chunks[0].sum[15], 15);
    assert_int_equal(set.foreign->chunks[1].sum[0], 1);
    assert_int_equal(set.foreign->plain_bytes_max, (4 << 20) + (64 << 10));
    assert_int_equal(e->modify_s, -7);
    assert_int_equal(e->mode & 07777u, 0600);
    set_close(&set);
}

static void further_names_share_their_data(void **state)
{
    (void)state;
    struct media_set set;
    read_right(&set,
               HEAD(1, 3, 3) UNIT FILE_AT(
                   "/o/b", 3,
                   CHUNK("x",
                         3)) "{\"t\":\"file\",\"unit\":0,\"kind\":\"hardlink\",\"path\":\"/o/a\","
                             "\"link\":\"/o/b\"}\n"
                             "{\"t\":\"file\",\"unit\":0,\"kind\":\"reparse\",\"path\":\"/o/l\","
                             "\"target\":\"../t\"}\n" END);
    const uint32_t a = entry_at(&set, 0, "a"), b = entry_at(&set, 0, "b");
    assert_int_equal(set.index.entries[a].link_group, b);
    assert_int_equal(set.index.entries[b].link_group, b);
    assert_int_equal(set.index.entries[a].size, 3);
    assert_view_equal(index_link_text(&set.index, entry_at(&set, 0, "l")), "../t");
    set_close(&set);
}

#define RECORD(members) "{\"t\":\"file\",\"unit\":0,\"path\":\"/o/a\"," members "}\n"
#define HUGE_AT(path)                                                                              \
    "{\"t\":\"file\",\"unit\":0,\"path\":\"" path "\",\"size\":9223372036854775807,"               \
    "\"sparse\":true,\"chunks\":[]}\n"
#define CODED(codec, length, size)                                                                 \
    "\"size\":" #size ",\"chunks\":[{\"file\":\"x\",\"offset\":0,\"length\":" #length              \
    ",\"codec\":\"" codec "\",\"size\":" #size ",\"xxh3\":\"0123456789abcdef\"}]"

static void volumes_have_any_name_of_windows(void **state)
{
    (void)state;
    struct media_set set;
    read_right(&set,
               "{\"t\":\"plan\",\"v\":1,\"set\":null,\"volumes\":[{\"spec\":\"\\\\\\\\?\\\\Volume"
               "{0de378c2-e686-5c02-9d88-089d6faacda6}\\\\\",\"dir\":\"/o\"}],\"units\":1,"
               "\"files\":1,\"bytes\":0}\n" UNIT FILE_AT("/o/a", 0, "") END);
    assert_view_equal(set.description.volumes[0].guid,
                      "\\\\?\\Volume{0de378c2-e686-5c02-9d88-089d6faacda6}\\");
    set_close(&set);
}

static void metadata_are_kept(void **state)
{
    (void)state;
    struct media_set set;
    read_right(&set, HEAD(1, 1, 0) UNIT RECORD("\"size\":0,\"chunks\":[],\"dos_attributes\":33,"
                                               "\"uid\":7,\"gid\":8") END);
    const struct index_entry *e = &set.index.entries[set.foreign->records[0]];
    assert_int_equal(e->dos_attributes, 33);
    assert_true((e->flags & INDEX_HAS_DOS) != 0);
    assert_int_equal(e->uid, 7);
    assert_int_equal(e->gid, 8);
    set_close(&set);
}

static void records_are_distrusted(void **state)
{
    (void)state;
    read_wrong(HEAD(1, 1, 0) UNIT "{\"t\":\"note\"}\n" END, "no record \"note\" can stand here");
    read_wrong(HEAD(1, 1, 0) UNIT RECORD("\"kind\":\"reparse\",\"target\":\"\"") END,
               "nothing that a link can lead to");
    read_wrong(HEAD(1, 1, 0) UNIT RECORD("\"size\":0,\"chunks\":[],\"modify_ns\":1") END,
               "without \"modify_s\"");
    read_wrong(HEAD(1, 1, 16777217) UNIT RECORD(CODED("lz4-block", 70000, 16777217)) END,
               "more than 16 MiB");
    read_wrong(HEAD(1, 1, 16777216) UNIT RECORD(CODED("lz4-block", 16843026, 16777216)) END,
               "longer than any of them can be");
    read_wrong(HEAD(1, 3, 0) UNIT HUGE_AT("/o/a") HUGE_AT("/o/b") HUGE_AT("/o/c") END,
               "its size is impossible");
}

static void faults_name_their_line(void **state)
{
    (void)state;
    read_wrong("", "no plan");
    read_wrong("{}\n", "\"t\" is missing");
    read_wrong("{\"t\":\"plan\",\"v\":1,\"set\":\"x\"}\n", "no plan");
    read_wrong(HEAD(1, 1, 0) UNIT END, "line 3");
    read_wrong(HEAD(2, 0, 0) UNIT UNIT END, "line 3");
    read_wrong(HEAD(0, 0, 0) UNIT END, "line 2");
    read_wrong(HEAD(1, 0, 0) UNIT, "cut short");
    read_wrong(HEAD(1, 0, 0) UNIT END END, "line 4");
    read_wrong(HEAD(1, 2, 0) UNIT FILE_AT("/o/a", 0, "") FILE_AT("/o/a", 0, "") END, "line 4");
    read_wrong(HEAD(1, 2, 0) UNIT FILE_AT("/o/a", 0, "") FILE_AT("/o/a/b", 0, "") END, "line 4");
    read_wrong(HEAD(1, 2, 0) UNIT FILE_AT("/o/a/b", 0, "") FILE_AT("/o/a", 0, "") END, "line 4");
    read_wrong(HEAD(1, 1, 0) UNIT FILE_AT("/other/a", 0, "") END, "line 3");
    read_wrong(HEAD(1, 1, 0) UNIT FILE_AT("/o/../a", 0, "") END, "line 3");
    read_wrong(HEAD(1, 1, 4) UNIT FILE_AT("/o/a", 4, CHUNK("x", 3)) END, "line 3");
    read_wrong(HEAD(1, 1, 3) UNIT FILE_AT("/o/a", 2, CHUNK("x", 3)) END, "line 3");
    read_wrong(HEAD(1, 1, 0) UNIT
               "{\"t\":\"file\",\"unit\":0,\"kind\":\"hardlink\",\"path\":\"/o/a\","
               "\"link\":\"/o/a\"}\n" END,
               "stands before it");
    read_wrong(HEAD(1, 1, 0) UNIT
               "{\"t\":\"file\",\"unit\":0,\"path\":\"/o/a\",\"size\":0,\"chunks\":[],"
               "\"colour\":1}\n" END,
               "\"colour\" is not known");
}

/* A file below /o, behind so many names; fault: NULL, or what is said. */
static void read_deep(const char *name, uint32_t count, const char *fault)
{
    struct buffer path = {0}, text = {0};
    struct media_set set;
    for (uint32_t i = 0; i < count; i++) {
        buffer_printf(&path, "/%s", name);
    }
    buffer_printf(&text, HEAD(1, 1, 0) UNIT FILE_AT("/o%.*s", 0, "") END, (int)path.n, path.p);
    buffer_add_char(&text, '\0');
    if (fault != NULL) {
        read_wrong(text.p, fault);
    } else {
        read_right(&set, text.p);
        set_close(&set);
    }
    buffer_free(&text);
    buffer_free(&path);
}

static void no_place_is_deeper_than_a_set_has(void **state)
{
    (void)state;
    read_deep("a", WIN_PATH_DEPTH_MAX, NULL);
    read_deep("a", WIN_PATH_DEPTH_MAX + 1, "more names in it than a path can have");
    read_deep("ten_letter", WIN_PATH_BYTES_MAX / 11 + 1, "longer than a path can be");
}

static void a_set_is_bound_to_its_bytes(void **state)
{
    (void)state;
    struct media_set first, again, other;
    read_right(&first, HEAD(1, 1, 0) UNIT FILE_AT("/o/a", 0, "") END);
    read_right(&again, HEAD(1, 1, 0) UNIT FILE_AT("/o/a", 0, "") END);
    read_right(&other, HEAD(1, 1, 0) UNIT FILE_AT("/o/b", 0, "") END);
    foreign_examine(&first);
    foreign_examine(&again);
    foreign_examine(&other);
    assert_true(uuid_equal(&first.description.uuid, &again.description.uuid));
    assert_false(uuid_equal(&first.description.uuid, &other.description.uuid));
    assert_memory_equal(first.description.index.xxh3_128, again.description.index.xxh3_128, 16);
    set_close(&first);
    set_close(&again);
    set_close(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_catalogue_holds_every_place),
        cmocka_unit_test(chunks_and_holes_are_kept),
        cmocka_unit_test(further_names_share_their_data),
        cmocka_unit_test(volumes_have_any_name_of_windows),
        cmocka_unit_test(metadata_are_kept),
        cmocka_unit_test(records_are_distrusted),
        cmocka_unit_test(faults_name_their_line),
        cmocka_unit_test(no_place_is_deeper_than_a_set_has),
        cmocka_unit_test(a_set_is_bound_to_its_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
