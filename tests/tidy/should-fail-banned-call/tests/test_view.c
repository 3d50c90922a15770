/* A file of the self-test. */
void view_copy(char *out)
{
    strcpy (out, "text");
}
