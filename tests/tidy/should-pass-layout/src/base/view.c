/* A file of the self-test. */
/* éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé */
static const char *const word = "é\"é";

int view_full(void)
{



































































    return 0;
}
