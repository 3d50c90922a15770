/* A file of the self-test. */
/* strcpy(a, b) is spoken of; so is getenv("X"). */
struct view_ops {
    int (*signal)(int);
};
#define PASTE "sprintf(\" atoi("
#error don't stop at an apostrophe
int view_use(struct view_ops *ops)
{
    int my_atoi(int), rand_of = 1; // system("x")
    const char quote = '"';
    return ops->signal(quote) + my_atoi(rand_of);
}
