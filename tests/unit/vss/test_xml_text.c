/* test_xml_text.c - first bytes and declarations that lie.
 *
 * Goal: the first bytes alone say how a document is read; what a prolog says instead is not
 * believed, and a byte order mark that does not fit what follows is refused with its place, never
 * read as something else. Method: one text in each form with each declaration; small texts behind
 * wrong marks, as a document of its own and among a backup's. The forms themselves: test_xml.c. */
#include "document_fixture.h"

#include "vss/xml.h"

static const struct {
    enum xml_form form;
    struct view mark;
} forms[] = {
    {XML_UTF8, {"", 0}},     {XML_UTF8, {"\xEF\xBB\xBF", 3}},
    {XML_UTF16_LE, {"", 0}}, {XML_UTF16_LE, {"\xFF\xFE", 2}},
    {XML_UTF16_BE, {"", 0}}, {XML_UTF16_BE, {"\xFE\xFF", 2}},
};

static struct buffer in_form(size_t form, struct view text)
{
    struct buffer out = {0};
    const struct xml_text shape = {.form = forms[form].form,
                                   .bytes = forms[form].mark,
                                   .head_bytes = forms[form].mark.n};
    xml_text_render(&shape, text, &out);
    return out;
}

static vsr_code open_bytes(struct view bytes, struct xml *xml, struct xml_text *text,
                           struct arena *arena, vsr_error *error)
{
    const vsr_code rc = xml_text_open(text, arena, bytes, "f", error);
    return rc != VSR_OK ? rc : xml_open(xml, arena, arena, text, error);
}

static void no_declaration_is_believed(void **state)
{
    (void)state;
    static const char *const declared[] = {
        "UTF-8",        "utf-16",       "UTF-16LE",   "UTF-16BE",  "ISO-10646-UCS-4",
        "UCS-4",        "windows-1252", "ISO-8859-1", "Shift_JIS", "UTF-7",
        "EBCDIC-CP-US", "IBM037",       "US-ASCII",   "no-such",
    };
    static const char letters[] = "\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80";
    for (size_t f = 0; f < COUNT_OF(forms); f++) {
        for (size_t i = 0; i < COUNT_OF(declared); i++) {
            struct buffer text = {0};
            buffer_printf(&text, "<?xml version=\"1.0\" encoding=\"%s\"?>\r\n", declared[i]);
            const size_t prolog = text.n;
            buffer_printf(&text, "<a x='%s'><b %s='1'/></a>", letters, "\xC3\xBC");
            struct buffer bytes = in_form(f, buffer_view(&text));
            struct arena arena = {0};
            struct xml_text opened;
            struct xml xml;
            vsr_error error = {0};
            if (open_bytes(buffer_view(&bytes), &xml, &opened, &arena, &error) != VSR_OK) {
                fail_msg("form %zu, %s: %s", f, declared[i], error.what);
            }
            assert_int_equal(xml.element_count, 2);
            assert_view_equal(xml.attributes[0].value, letters);
            assert_view_equal(xml.attributes[1].name, "\xC3\xBC");
            assert_int_equal(xml.elements[0].place.line, 2);
            assert_int_equal(xml.elements[0].place.byte,
                             forms[f].mark.n + prolog * (forms[f].form == XML_UTF8 ? 1 : 2));
            struct buffer back = {0};
            xml_text_render(&opened, opened.text, &back);
            assert_true(view_equal(buffer_view(&back), buffer_view(&bytes)));
            buffer_free(&back);
            buffer_free(&bytes);
            buffer_free(&text);
            arena_free(&arena);
        }
    }
}

#define LITTLE "<\0a\0/\0>\0"
#define BIG    "\0<\0a\0/\0>"
#define ROW(literal, says)                                                                         \
    {                                                                                              \
        {literal, sizeof(literal) - 1}, says                                                       \
    }

#define NO_ELEMENT                                                                                 \
    ", line 1, byte 2: no element at the beginning of this text, which its first bytes "

/* Marks that lie, and text in no form that a document may have. */
static const struct {
    struct view bytes;
    const char *says; /* behind the file's name */
} lies[] = {
    ROW("\xEF\xBB\xBF" LITTLE, ", line 1, byte 4: a NUL"),
    ROW("\xEF\xBB\xBF" BIG, ", line 1, byte 3: a NUL"),
    ROW("\xFF\xFE<a/>", NO_ELEMENT "say is UTF-16, little"),
    ROW("\xFE\xFF<a/>", NO_ELEMENT "say is UTF-16, big"),
    ROW("\xFF\xFE<aa/>", ", line 1, byte 6: the UTF-16 text ends in the middle"),
    ROW("\xFE\xFF<aa/>", ", line 1, byte 6: the UTF-16 text ends in the middle"),
    ROW("\xFF\xFE<a b='\xC3\xD8'/>", ", line 1, byte 8: an unpaired surrogate 0xD8C3"),
    ROW("\xFF\xFE" BIG, NO_ELEMENT "say is UTF-16, little"),
    ROW("\xFE\xFF" LITTLE, NO_ELEMENT "say is UTF-16, big"),
    ROW("\xEF\xBB\xBF\xFF\xFE" LITTLE, ", line 1, byte 3: byte 0xFF is no valid UTF-8"),
    ROW("\xFF\xFE\xEF\xBB\xBF<a/> ", ", line 1, byte 2: no element at the beginning"),
    ROW("\xEF\xBB<a/>", ", line 1, byte 0: byte 0xEF is no valid UTF-8"),
    ROW("\xFF<a/>", ", line 1, byte 0: byte 0xFF is no valid UTF-8"),
    ROW("\xEF\xBB\xBF\xEF\xBB\xBF<a/>", ", line 1, byte 3: a second byte order mark"),
    ROW("\xFF\xFE\xFF\xFE" LITTLE, ", line 1, byte 2: a second byte order mark"),
    ROW("\xFE\xFF\xFE\xFF" BIG, ", line 1, byte 2: a second byte order mark"),
    ROW("\xFF\xFE\0\0<\0\0\0/\0\0\0", ", line 1, byte 2: a NUL"),   /* UTF-32 with its mark */
    ROW("\0\0\xFE\xFF\0\0\0<\0\0\0/", ", line 1, byte 0: a NUL"),   /* and of the other order */
    ROW("<\0\0\0a\0\0\0/\0\0\0>\0\0\0", ", line 1, byte 2: a NUL"), /* and without one */
    ROW("\0\0\0<\0\0\0a\0\0\0/\0\0\0>", ", line 1, byte 0: a NUL"),
    ROW("+/v8-<a/>", ", line 1, byte "),                              /* of UTF-7 */
    ROW("\x4C\x6F\xA7\x94\x93", ", line 1, byte 2: byte 0xA7 is no"), /* <?xml in EBCDIC */
    ROW("<?xml version='1.0' encoding='windows-1252'?><WRITER_METADATA x='\xFC'/>",
        ", line 1, byte 65: byte 0xFC is no valid UTF-8"),
    ROW("<?xml version='1.0' encoding='UTF-16'?><WRITER_METADATA x='\xFC\0'/>",
        ", line 1, byte 59: byte 0xFC is no valid UTF-8"),
    ROW(" \0" LITTLE, ", line 1, byte 1: a NUL"), /* by its first bytes UTF-8 */
};

static void marks_that_lie_are_refused_with_their_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(lies); i++) {
        struct arena arena = {0};
        struct xml_text text;
        struct xml xml;
        vsr_error error = {0};
        if (open_bytes(lies[i].bytes, &xml, &text, &arena, &error) != VSR_ERR_DOCUMENT) {
            fail_msg("row %zu was read", i);
        }
        assert_text_has(error.what, lies[i].says);
        arena_free(&arena);
    }
}

/* Of a backup's documents: it is not passed over for want of a root element. */
static void and_so_among_a_backup_s_documents(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(lies); i++) {
        const struct document_source sources[] = {
            {VIEW("a.xml"), VIEW(BCD("")), false},
            {VIEW("lies.xml"), lies[i].bytes, false},
        };
        struct documents d;
        vsr_error error = {0};
        const vsr_code rc = documents_parse(&d, sources, COUNT_OF(sources), &error);
        if (rc == VSR_OK) {
            fail_msg("row %zu was passed over", i);
        }
        assert_int_equal(rc, VSR_ERR_DOCUMENT);
        assert_text_has(error.what, "lies.xml, line 1, byte ");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_declaration_is_believed),
        cmocka_unit_test(marks_that_lie_are_refused_with_their_place),
        cmocka_unit_test(and_so_among_a_backup_s_documents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
