/* test_xml.c - byte forms, places in the original file, bounds, and what is refused. */
#include "document_fixture.h"

#include "vss/xml.h"

/* --- byte forms --- */

static void assert_same_bcd(const struct bcd *a, const struct bcd *b)
{
    assert_int_equal(a->backup_type, b->backup_type);
    assert_true(uuid_equal(&a->snapshot_set_id, &b->snapshot_set_id));
    assert_int_equal(a->select_components, b->select_components);
    assert_int_equal(a->writer_count, b->writer_count);
    for (uint32_t w = 0; w < a->writer_count; w++) {
        const struct bcd_writer *x = &a->writers[w];
        const struct bcd_writer *y = &b->writers[w];
        assert_true(uuid_equal(&x->writer_id, &y->writer_id));
        assert_int_equal(x->backup_schema, y->backup_schema);
        assert_int_equal(x->component_count, y->component_count);
        for (uint32_t c = 0; c < x->component_count; c++) {
            const struct bcd_component *p = &x->components[c];
            const struct bcd_component *q = &y->components[c];
            assert_true(view_equal(p->logical_path, q->logical_path));
            assert_true(view_equal(p->name, q->name));
            assert_int_equal(p->type, q->type);
            assert_int_equal(p->backup_succeeded, q->backup_succeeded);
            assert_true(view_equal(p->backup_stamp, q->backup_stamp));
            assert_true(view_equal(p->backup_metadata, q->backup_metadata));
            assert_false(view_present(p->fault));
            assert_false(view_present(q->fault));
        }
    }
}

static void every_wrapping_reads_the_same(void **state)
{
    (void)state;
    static const char *const names[] = {
        "utf8-bare.xml",           "utf8-bom.xml",
        "utf8-prolog.xml",         "utf16le-bare.xml",
        "utf16le-bare-nul.xml",    "utf16le-bom.xml",
        "utf16be-bom.xml",         "utf16le-bom-prolog.xml",
        "utf8-but-says-utf16.xml", "utf8-open-close-tags.xml",
    };
    struct arena arena = {0};
    struct bcd first = {0};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char path[400];
        (void)snprintf(path, sizeof path, DATA "variants/%s", names[i]);
        struct buffer bytes = file_bytes(path);
        const struct view kept = arena_copy(&arena, buffer_view(&bytes));
        buffer_free(&bytes);
        struct bcd bcd;
        vsr_error error = {0};
        if (bcd_parse(&bcd, &arena, kept, names[i], NULL, &error) != VSR_OK) {
            fail_msg("%s", error.what);
        }
        assert_true(bcd.writer_count > 0);
        first = i == 0 ? bcd : first;
        assert_same_bcd(&first, &bcd);
    }
    arena_free(&arena);
}

/* Where the fault stands is computed here from the file's own bytes. */
static void bad_ones_are_refused_with_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *name, *find, *says;
        bool at_end;
    } rows[] = {
        {"bad-cut-short.xml", NULL, "does not end", false},
        {"bad-doctype.xml", "<!DOCTYPE", "a DOCTYPE", false},
        {"bad-nul-inside.xml", "\0", "a NUL", false},
        {"bad-wrong-root.xml", "<BACKUP_COMPONENT", "<BACKUP_COMPONENT>", false},
        {"bad-wrong-namespace.xml", "<BACKUP_COMPONENTS", "x-schema:#VssWriterMetadataInfo", false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char path[400];
        (void)snprintf(path, sizeof path, DATA "variants/%s", rows[i].name);
        struct buffer bytes = file_bytes(path);
        struct arena arena = {0};
        struct bcd bcd;
        vsr_error error = {0};
        assert_int_equal(bcd_parse(&bcd, &arena, buffer_view(&bytes), rows[i].name, NULL, &error),
                         VSR_ERR_DOCUMENT);
        assert_text_has(error.what, rows[i].name);
        assert_text_has(error.what, rows[i].says);
        if (rows[i].find != NULL) {
            const size_t n = rows[i].find[0] == '\0' ? 1 : strlen(rows[i].find);
            const char *hit = memmem(bytes.p, bytes.n, rows[i].find, n);
            assert_non_null(hit);
            char place[64];
            (void)snprintf(place, sizeof place, "line 1, byte %zu:", (size_t)(hit - bytes.p));
            assert_text_has(error.what, place);
        }
        arena_free(&arena);
        buffer_free(&bytes);
    }
}

/* --- small texts in each form --- */

static struct buffer in_form(const char *text, enum xml_form form, bool mark)
{
    struct buffer out = {0};
    const struct xml_text shape = {
        .form = form,
        .bytes = !mark                  ? VIEW("")
                 : form == XML_UTF8     ? VIEW("\xEF\xBB\xBF")
                 : form == XML_UTF16_LE ? VIEW("\xFF\xFE")
                                        : VIEW("\xFE\xFF"),
        .head_bytes = !mark              ? 0
                      : form == XML_UTF8 ? 3
                                         : 2,
    };
    xml_text_render(&shape, view_of(text), &out);
    return out;
}

static vsr_code open_bytes(struct view bytes, struct xml *xml, struct xml_text *text,
                           struct arena *arena, vsr_error *error)
{
    const vsr_code rc = xml_text_open(text, arena, bytes, "f", error);
    return rc != VSR_OK ? rc : xml_open(xml, arena, arena, text, error);
}

static void places_are_those_of_the_original(void **state)
{
    (void)state;
    static const char text[] = "<a x='\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80'>\n<b/>\r\n\t<c/></a>";
    static const struct {
        enum xml_form form;
        bool mark;
        uint64_t b, c;
    } rows[] = {
        {XML_UTF8, false, 18, 25},    {XML_UTF8, true, 21, 28},      {XML_UTF16_LE, false, 26, 40},
        {XML_UTF16_LE, true, 28, 42}, {XML_UTF16_BE, false, 26, 40}, {XML_UTF16_BE, true, 28, 42},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct buffer bytes = in_form(text, rows[i].form, rows[i].mark);
        struct arena arena = {0};
        struct xml_text opened;
        struct xml xml;
        vsr_error error = {0};
        assert_int_equal(open_bytes(buffer_view(&bytes), &xml, &opened, &arena, &error), VSR_OK);
        assert_int_equal(xml.element_count, 3);
        assert_view_equal(xml.attributes[0].value, "\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80");
        assert_int_equal(xml.elements[1].place.line, 2);
        assert_int_equal(xml.elements[1].place.byte, rows[i].b);
        assert_int_equal(xml.elements[2].place.line, 3);
        assert_int_equal(xml.elements[2].place.byte, rows[i].c);
        struct buffer back = {0};
        xml_text_render(&opened, opened.text, &back);
        assert_true(view_equal(buffer_view(&back), buffer_view(&bytes)));
        buffer_free(&back);
        buffer_free(&bytes);
        arena_free(&arena);
    }
}

static void libxml2_faults_have_places_of_the_original(void **state)
{
    (void)state;
    struct buffer bytes = in_form("<a>\n<b x='1' x='2'/></a>", XML_UTF16_BE, true);
    struct arena arena = {0};
    struct xml_text text;
    struct xml xml;
    vsr_error error = {0};
    assert_int_equal(open_bytes(buffer_view(&bytes), &xml, &text, &arena, &error),
                     VSR_ERR_DOCUMENT);
    assert_text_has(error.what, "f, line 2, byte ");
    assert_text_has(error.what, "redefined");
    unsigned long byte = strtoul(strstr(error.what, "byte ") + 5, NULL, 10);
    assert_in_range(byte, 10, 2 + 2 * 24); /* in the second line's tag, counted in units of two */
    assert_int_equal(byte % 2, 0);
    buffer_free(&bytes);
    arena_free(&arena);
}

#define BYTES(literal)                                                                             \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

static void malformed_bytes_are_refused(void **state)
{
    (void)state;
    static const struct {
        struct view bytes;
        const char *says;
    } rows[] = {
        {BYTES(""), "no XML"},
        {BYTES("\0\0 \n"), "no XML"},
        {BYTES("\xEF\xBB\xBF"), "no XML"},
        {BYTES("  hello "), "no element"},
        {BYTES("<a>\xFF</a>"), "line 1, byte 3: byte 0xFF"},
        {BYTES("<a>\xED\xA0\x80</a>"), "byte 3: byte 0xED"},
        {BYTES("<a>\n\0</a>"), "line 2, byte 4: a NUL"},
        {BYTES("<\0a\0>\0<\0/\0a\0>"), "byte 12: the UTF-16 text ends in the middle"},
        {BYTES("<\0a\0>\0\x00\xD8<\0/\0a\0>\0"), "byte 6: an unpaired surrogate 0xD800"},
        {BYTES("<\0a\0>\0\x00\xDC<\0/\0a\0>\0"), "byte 6: an unpaired surrogate 0xDC00"},
        {BYTES("\0<\0a\0>\xD8\x00\0<\0/\0a\0>"), "byte 6: an unpaired surrogate 0xD800"},
        {BYTES("\xFF\xFE<\0a\0/\0>\0\x01\xD8"), "byte 10: an unpaired surrogate 0xD801"},
        {BYTES("<\0a\0>\0\0\0<\0/\0a\0>\0"), "byte 6: a NUL"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct arena arena = {0};
        struct xml_text text;
        struct xml xml;
        vsr_error error = {0};
        assert_int_equal(open_bytes(rows[i].bytes, &xml, &text, &arena, &error), VSR_ERR_DOCUMENT);
        assert_text_has(error.what, rows[i].says);
        arena_free(&arena);
    }
}

/* Of half a letter, of half a tag, or of a document that only lacks its end. */
static void every_cut_is_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"utf8-bare.xml", "utf16le-bare.xml",
                                        "utf16le-bom-prolog.xml", "utf16be-bom.xml"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char path[400];
        (void)snprintf(path, sizeof path, DATA "variants/%s", names[i]);
        struct buffer bytes = file_bytes(path);
        size_t end = bytes.n;
        while (bytes.p[end - 1] != '>') {
            end--;
        }
        for (size_t cut = 0; cut < end; cut++) {
            struct arena arena = {0};
            struct bcd bcd;
            vsr_error error = {0};
            const struct view some = arena_copy(&arena, (struct view){bytes.p, cut});
            assert_int_equal(bcd_parse(&bcd, &arena, some, names[i], NULL, &error),
                             VSR_ERR_DOCUMENT);
            arena_free(&arena);
        }
        buffer_free(&bytes);
    }
}

static void faulty_xml_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"<a><b></a></b>", "mismatch"},
        {"<a/><b/>", "byte"},
        {"</a>", "an end tag without"},
        {"<a>", "cut short"},
        {"<a b='1'", "does not end"},
        {"<a b='1", "does not end"},
        {"<a <b/>", "byte 3: a '<' inside a tag"},
        {"<a><!-- x ", "byte 3: a comment"},
        {"<a>&nbsp;</a>", "nbsp"},
        {"<a b='&x;'/>", "'x'"},
        {"<x:a/>", "prefix"},
        {"<a b=1/>", "not well-formed"},
        {"<a b='1'c='2'/>", "not well-formed"},
        {"<b><a\x03y c='1'/></b>", "byte 3: not well-formed"},
        {"<b><a\x03 c/></b>", "not well-formed"},
        {"<a b='&#0;'/>", "not well-formed"},
        {"<a b='&#xD800;'/>", "not well-formed"},
        {"<a b='\x01'/>", "not well-formed"},
        {"text <a/>", "not well-formed"},
        {"<!DOCTYPE a><a/>", "byte 0: a DOCTYPE"},
        {"<a><!ENTITY x 'y'></a>", "byte 3: a declaration"},
        {"<?xml version='1.0'?>\n<!DOCTYPE l [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;'>]>"
         "<l>&b;&b;</l>",
         "line 2, byte 22: a DOCTYPE"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct arena arena = {0};
        struct xml_text text;
        struct xml xml;
        vsr_error error = {0};
        if (open_bytes(view_of(rows[i].text), &xml, &text, &arena, &error) != VSR_ERR_DOCUMENT) {
            fail_msg("accepted: %s", rows[i].text);
        }
        assert_text_has(error.what, rows[i].says);
        arena_free(&arena);
    }
}

static void comments_and_references_are_read(void **state)
{
    (void)state;
    static const char text[] =
        "<?xml version='1.0' encoding='UTF-16'?>\r\n<!-- <x a='> --><?p <y>?>"
        "<a xmlns='n' b = \"1 &lt;&amp;&gt;&quot;&apos;&#x41;&#10;\"\n c='x>\r\ny'>"
        "<!-- </a> --><?q?><![CDATA[<z>]]><d xmlns='' e=''/></a><!-- end --> \n";
    struct arena arena = {0};
    struct xml_text opened;
    struct xml xml;
    vsr_error error = {0};
    if (open_bytes(view_of(text), &xml, &opened, &arena, &error) != VSR_OK) {
        fail_msg("%s", error.what);
    }
    assert_int_equal(xml.element_count, 2);
    assert_view_equal(xml.elements[0].name, "a");
    assert_view_equal(xml.elements[0].space, "n");
    assert_int_equal(xml.elements[0].attribute_count, 2);
    assert_true(xml.elements[0].has_text);
    assert_int_equal(xml.elements[0].end, 2);
    assert_view_equal(xml_attribute_find(&xml, 0, VIEW("b"))->value, "1 <&>\"'A\n");
    assert_view_equal(xml_attribute_find(&xml, 0, VIEW("c"))->value, "x> y");
    assert_int_equal(xml.elements[1].space.n, 0);
    assert_int_equal(xml.elements[1].parent, 0);
    assert_view_equal(xml_attribute_find(&xml, 1, VIEW("e"))->value, "");
    assert_null(xml_attribute_find(&xml, 1, VIEW("b")));
    arena_free(&arena);
}

/* --- bounds --- */

static vsr_code open_repeated(const char *before, const char *again, size_t count,
                              const char *after, vsr_error *error)
{
    struct buffer bytes = {0};
    buffer_add_view(&bytes, view_of(before));
    for (size_t i = 0; i < count; i++) {
        buffer_add_view(&bytes, view_of(again));
    }
    buffer_add_view(&bytes, view_of(after));
    struct arena arena = {0};
    struct xml_text text;
    struct xml xml;
    const vsr_code rc = open_bytes(buffer_view(&bytes), &xml, &text, &arena, error);
    arena_free(&arena);
    buffer_free(&bytes);
    return rc;
}

static void bounds_hold(void **state)
{
    (void)state;
    vsr_error error = {0};
    assert_int_equal(open_repeated("", "<a>", 1000000, "", &error), VSR_ERR_DOCUMENT);
    assert_text_has(error.what, "byte 96: elements are nested deeper");
    error = (vsr_error){0};
    assert_int_equal(open_repeated("<a", " b='1'", 1000000, "/>", &error), VSR_ERR_DOCUMENT);
    assert_text_has(error.what, "more attributes than are allowed");
    error = (vsr_error){0};
    char full[8 + 2 * DOCUMENT_ATTRIBUTES_MAX] = "<b";
    for (size_t i = 0; i < DOCUMENT_ATTRIBUTES_MAX; i++) {
        memcpy(full + 2 + 2 * i, "''", 2);
    }
    memcpy(full + 2 + 2 * DOCUMENT_ATTRIBUTES_MAX, "/>", 3);
    assert_int_equal(open_repeated("<a>", full,
                                   DOCUMENT_ATTRIBUTES_ALL_MAX / DOCUMENT_ATTRIBUTES_MAX + 1,
                                   "</a>", &error),
                     VSR_ERR_DOCUMENT);
    assert_text_has(error.what, "the document has more attributes than are allowed");
    error = (vsr_error){0};
    assert_int_equal(open_repeated("<a>", "<b/>", DOCUMENT_ELEMENTS_MAX, "</a>", &error),
                     VSR_ERR_DOCUMENT);
    assert_text_has(error.what, "more elements than are allowed");
    error = (vsr_error){0};
    assert_int_equal(open_repeated("<a b='", "x", DOCUMENT_VALUE_BYTES_MAX + 1, "'/>", &error),
                     VSR_ERR_DOCUMENT);
    assert_text_has(error.what, "larger than is allowed");
    error = (vsr_error){0};
    assert_int_equal(open_repeated("<a b='", "x", DOCUMENT_VALUE_BYTES_MAX, "'/>", &error), VSR_OK);
    assert_int_equal(open_repeated("<a b='&amp;", "x", DOCUMENT_VALUE_BYTES_MAX - 5, "'/>", &error),
                     VSR_OK); /* beyond libxml2's own 10 MB */
    assert_int_equal(open_repeated("<a>", "<b>&amp;text</b>", 100000, "</a>", &error), VSR_OK);
    struct buffer spaces = {0};
    struct arena arena = {0};
    struct bcd bcd;
    buffer_printf(&spaces, "%s", BCD_START);
    for (uint32_t i = 0; i < DOCUMENT_NAMESPACES_MAX; i++) {
        buffer_printf(&spaces, "<x xmlns='urn:%u'/>", i);
    }
    buffer_printf(&spaces, "</BACKUP_COMPONENTS>");
    assert_int_equal(bcd_parse(&bcd, &arena, buffer_view(&spaces), "b.xml", NULL, &error),
                     VSR_ERR_DOCUMENT);
    assert_text_has(error.what, "more namespaces than are allowed");
    buffer_free(&spaces);
    error = (vsr_error){0};
    const struct view huge = {"<a/>", DOCUMENT_BYTES_MAX + 1}; /* is not read */
    assert_int_equal(bcd_parse(&bcd, &arena, huge, "b.xml", NULL, &error), VSR_ERR_DOCUMENT);
    assert_text_has(error.what, "at most 268435456 are allowed");
    arena_free(&arena);
}

static void root_names_are_found_without_trust(void **state)
{
    (void)state;
    static const struct {
        struct view bytes;
        const char *name;
    } rows[] = {
        {BYTES("<a/>"), "a"},
        {BYTES("\xEF\xBB\xBF<?xml?> <!-- <no> --><x:Root/broken"), "Root"},
        {BYTES("<!DOCTYPE a [<!ENTITY b '>'> <!ELEMENT c ANY>]><d e='"), "d"},
        {BYTES("<\0M\0n\0 \0"), "Mn"},
        {BYTES("\xFE\xFF\0<\0\xE4\0>"), "?"},
        {BYTES("nothing <a/>"), NULL},
        {BYTES("<!-- <a/>"), NULL},
        {BYTES("<!DOCTYPE a [<!ENTITY b '> <d>"), NULL},
        {BYTES("<"), NULL},
        {BYTES(""), NULL},
    };
    struct arena arena = {0};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct view name = xml_root_name(&arena, rows[i].bytes);
        assert_int_equal(view_present(name), rows[i].name != NULL);
        if (rows[i].name != NULL) {
            assert_view_equal(name, rows[i].name);
        }
    }
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_wrapping_reads_the_same),
        cmocka_unit_test(bad_ones_are_refused_with_their_place),
        cmocka_unit_test(places_are_those_of_the_original),
        cmocka_unit_test(libxml2_faults_have_places_of_the_original),
        cmocka_unit_test(malformed_bytes_are_refused),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(faulty_xml_is_refused),
        cmocka_unit_test(comments_and_references_are_read),
        cmocka_unit_test(bounds_hold),
        cmocka_unit_test(root_names_are_found_without_trust),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
