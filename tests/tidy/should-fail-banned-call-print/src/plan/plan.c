/* A file of the self-test. */
void plan_say(void)
{
    (void)fputs("said", stderr);
}
