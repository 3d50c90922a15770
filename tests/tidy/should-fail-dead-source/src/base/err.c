/* A file of the self-test. */
