/* A file of the self-test. */
int viëw_count;
