/* A file of the self-test. */
const char *view_home(void)
{
    return getenv("HOME");
}
