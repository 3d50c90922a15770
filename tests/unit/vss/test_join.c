/* test_join.c - documents of one backup put together: which part is whose, and what is refused
 * because it cannot be told. */
#include "document_fixture.h"

static vsr_code parse_texts(struct documents *out, vsr_error *error, const char *const *texts,
                            uint32_t count, bool named)
{
    static const char *const names[] = {"0.xml", "1.xml", "2.xml", "3.xml", "4.xml"};
    struct document_source sources[5];
    for (uint32_t i = 0; i < count; i++) {
        sources[i] = (struct document_source){view_of(names[i]), view_of(texts[i]), named};
    }
    return documents_parse(out, sources, count, error);
}

static void parts_find_their_writers(void **state)
{
    (void)state;
    static const struct {
        const char *texts[4];
        uint32_t want[2];
        uint32_t warnings;
    } rows[] = {
        /* by ids, compared as numbers */
        {{BCD(PART(X, I2, CO("a")) PART(X, I1, CO("b"))), WMD(X_CAPITALS, I1, FG("b")),
          WMD(X, I2, FG("a"))},
         {1, 0},
         0},
        /* by components, when no instance id agrees */
        {{BCD(PART(X, I3, CO("a")) PART(Y, I3, CO("a"))), WMD(X, I1, FG("b")), WMD(X, I2, FG("a")),
          WMD(Y, I1, FG("a"))},
         {1, 2},
         2},
        /* a document that is another part's is not taken */
        {{BCD(PART(X, I1, CO("a")) PART(X, I2, CO("a"))), WMD(X, I1, FG("a"))}, {0, MARK_NONE}, 1},
        /* two that hold it: nobody guesses */
        {{BCD(PART(X, I3, CO("a")) PART(Y, I1, CO("a"))), WMD(X, I1, FG("a")), WMD(X, I2, FG("a"))},
         {MARK_NONE, MARK_NONE},
         2},
        /* the one that holds more of them */
        {{BCD(PART(X, I3, CO("a") CO("b")) PART(X, I1, CO("c"))), WMD(X, I1, FG("c")),
          WMD(X, I2, FG("a") FG("b"))},
         {1, 0},
         1},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint32_t count = 0;
        while (count < 4 && rows[i].texts[count] != NULL) {
            count++;
        }
        struct documents d;
        vsr_error error = {0};
        if (parse_texts(&d, &error, rows[i].texts, count, true) != VSR_OK) {
            fail_msg("%s", error.what);
        }
        assert_int_equal(d.writer_wmd[0], rows[i].want[0]);
        assert_int_equal(d.writer_wmd[1], rows[i].want[1]);
        assert_int_equal(d.warning_count, rows[i].warnings);
        documents_free(&d);
    }
}

/* Rules T74. */
static void a_type_that_differs_is_a_fault(void **state)
{
    (void)state;
    const char *const texts[] = {
        BCD(PART(X, I1,
                 CO("a") CO("b") "<COMPONENT componentName='C' componentType='database'/>"
                                 "<COMPONENT componentName='none' componentType='database'/>")),
        WMD(X, I1, FG("a") "<DATABASE componentName='b'/>" FG("c"))};
    struct documents d;
    assert_int_equal(parse_texts(&d, NULL, texts, 2, true), VSR_OK);
    const struct bcd_component *c = d.bcd.writers[0].components;
    assert_false(view_present(c[0].fault));
    assert_text_has(c[1].fault.p, "is a filegroup here and a database in 1.xml");
    assert_false(c[1].fault_unknown);
    assert_true(view_present(c[2].fault)); /* found without regard to case */
    assert_false(view_present(c[3].fault));
    assert_int_equal(d.warning_count, 1);
    assert_text_has(d.warnings[0].p, "rules 4.3");
    documents_free(&d);
}

static void sets_of_documents_that_are_refused(void **state)
{
    (void)state;
    static const char *const one = BCD("");
    static const char *const writer = WMD(X, I1, "");
    static const char *const capitals = WMD(X_CAPITALS, I1, FG("q"));
    const struct {
        const char *texts[4];
        bool named;
        const char *says[3];
    } rows[] = {
        {{one, writer, one}, true, {"2 Backup", "0.xml, 2.xml"}},
        {{writer}, true, {"no Backup Components Document"}},
        {{"<Manifest/>"}, false, {"no Backup Components Document", "passed over: 0.xml"}},
        {{one, "<Manifest/>"}, true, {"1.xml", "<Manifest>"}},
        {{one, writer, capitals}, true, {"same writer id", "1.xml", "2.xml"}},
        {{BCD(PART(X, I1, CO("a")) PART(X_CAPITALS, I1, CO("q"))), writer},
         true,
         {"0.xml, line 1", "a second part of writer"}},
        {{one, ""}, false, {"1.xml"}},
        {{one, "rubbish"}, false, {"1.xml"}},
        {{one, "<WRITER_METADATA><x>"}, false, {"1.xml, line 1, byte 20"}},
        {{"<BACKUP_COMPONENTS xmlns='x'/>", writer}, false, {"0.xml, line 1, byte 0", "namespace"}},
        {{NULL}, true, {"among 0 files"}},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint32_t count = 0;
        while (rows[i].texts[count] != NULL) {
            count++;
        }
        struct documents d;
        vsr_error error = {0};
        assert_int_equal(parse_texts(&d, &error, rows[i].texts, count, rows[i].named),
                         VSR_ERR_DOCUMENT);
        for (size_t k = 0; k < 3 && rows[i].says[k] != NULL; k++) {
            assert_text_has(error.what, rows[i].says[k]);
        }
        assert_null(d.files);
        assert_int_equal(d.arena.total_bytes, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_find_their_writers),
        cmocka_unit_test(a_type_that_differs_is_a_fault),
        cmocka_unit_test(sets_of_documents_that_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
