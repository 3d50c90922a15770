/* A file of the self-test. */
int view_count; /* see issue #12 */
