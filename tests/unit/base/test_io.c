/* test_io.c - a file is replaced as a whole, by one that is ours; and where a file has data.
 *
 * Goal: whatever others put at the hidden name that a file is written under - a FIFO, a link, a
 * second name of another file, a file of theirs - is neither waited for, nor written into, nor
 * becomes the file. Method: each of them planted, then the file made. */
#include "vsr_test.h"

#include "base/io.h"
#include "media_fixture.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define HIDDEN ".out.part"

enum { STUCK_S = 60 };

static char folder[64];
static int dir_fd;

static int folder_make(void **state)
{
    (void)state;
    fixture_folder(folder);
    dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return dir_fd < 0;
}

static int folder_remove(void **state)
{
    (void)state;
    (void)close(dir_fd);
    fixture_remove(folder);
    return 0;
}

static void file_make(const char *name, mode_t mode)
{
    const int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(write(fd, "precious", 8), 8);
    assert_int_equal(close(fd), 0);
}

static void assert_holds(const char *name, const char *wanted)
{
    char bytes[64] = "";
    const int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_true(read(fd, bytes, sizeof bytes - 1) >= 0);
    assert_int_equal(close(fd), 0);
    assert_string_equal(bytes, wanted);
}

/* Both ways, and nothing is left of what was planted. */
static void assert_made(void)
{
    vsr_error error = {0};
    struct stat st;
    assert_int_equal(io_replace_file(dir_fd, "out", VIEW("new"), IO_SYNCED, VSR_ERR_DEST_IO,
                                     &error),
                     VSR_OK);
    assert_holds("out", "new");
    assert_int_equal(fstatat(dir_fd, "out", &st, AT_SYMLINK_NOFOLLOW), 0);
    assert_true(S_ISREG(st.st_mode));
    assert_int_equal(st.st_mode & 0022, 0);
    assert_int_equal(st.st_nlink, 1);
    assert_int_equal(faccessat(dir_fd, HIDDEN, F_OK, AT_SYMLINK_NOFOLLOW), -1);
    assert_int_equal(unlinkat(dir_fd, "out", 0), 0);
}

static void a_fifo_is_not_waited_for(void **state)
{
    (void)state;
    (void)alarm(STUCK_S);
    assert_int_equal(mkfifoat(dir_fd, HIDDEN, 0666), 0);
    assert_made();
    (void)alarm(0);
}

static void a_file_of_others_does_not_become_ours(void **state)
{
    (void)state;
    file_make(HIDDEN, 0666);
    struct stat planted;
    struct stat made;
    vsr_error error = {0};
    const int held = openat(dir_fd, HIDDEN, O_RDWR | O_CLOEXEC); /* its number is not given again */
    assert_int_equal(fstat(held, &planted), 0);
    assert_int_equal(io_replace_file(dir_fd, "out", VIEW("new"), IO_SYNCED, VSR_ERR_DEST_IO,
                                     &error),
                     VSR_OK);
    assert_int_equal(fstatat(dir_fd, "out", &made, 0), 0);
    assert_true(made.st_ino != planted.st_ino);
    assert_int_equal(close(held), 0);
    assert_made();
}

static void a_second_name_of_another_file_leaves_it_alone(void **state)
{
    (void)state;
    file_make("victim", 0600);
    assert_int_equal(linkat(dir_fd, "victim", dir_fd, HIDDEN, 0), 0);
    assert_made();
    assert_holds("victim", "precious");
    assert_int_equal(unlinkat(dir_fd, "victim", 0), 0);
}

static void a_link_is_not_followed(void **state)
{
    (void)state;
    file_make("victim", 0600);
    assert_int_equal(symlinkat("victim", dir_fd, HIDDEN), 0);
    assert_made();
    assert_holds("victim", "precious");
    assert_int_equal(unlinkat(dir_fd, "victim", 0), 0);
}

static void what_is_no_file_is_left_alone(void **state)
{
    (void)state;
    vsr_error error = {0};
    struct stat st;
    assert_int_equal(mkfifoat(dir_fd, "out", 0600), 0);
    assert_int_equal(io_replace_file(dir_fd, "out", VIEW("new"), IO_SYNCED, VSR_ERR_DEST_IO,
                                     &error),
                     VSR_ERR_DEST_IO);
    assert_int_equal(fstatat(dir_fd, "out", &st, AT_SYMLINK_NOFOLLOW), 0);
    assert_true(S_ISFIFO(st.st_mode));
    assert_int_equal(unlinkat(dir_fd, "out", 0), 0);
}

/* Whatever a file system's blocks are, and whether it tells of holes. */
static void data_is_found(void **state)
{
    (void)state;
    enum { AT = 4 << 20, SIZE = 16 << 20 };
    uint64_t data, hole;
    const int fd = openat(dir_fd, "holes", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, SIZE), 0);
    assert_int_equal(pwrite(fd, "here", 4, AT), 4);
    assert_true(io_data_next(fd, 0, SIZE, &data, &hole));
    assert_true(data <= AT && hole >= AT + 4 && hole <= SIZE);
    const bool told = data > 0;
    assert_true(io_data_next(fd, AT + 1, SIZE, &data, &hole));
    assert_int_equal(data, AT + 1);
    assert_true(io_data_next(fd, AT, AT + 2, &data, &hole));
    assert_true(data == AT && hole == AT + 2);
    assert_false(io_data_next(fd, AT, AT, &data, &hole));
    if (told) {
        assert_false(io_data_next(fd, 0, AT / 2, &data, &hole));
        assert_false(io_data_next(fd, SIZE / 2, SIZE, &data, &hole));
    }
    assert_false(io_data_next(fd, SIZE, UINT64_C(2) * SIZE, &data, &hole)); /* it has been cut */
    (void)close(fd);
    assert_int_equal(unlinkat(dir_fd, "holes", 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fifo_is_not_waited_for),
        cmocka_unit_test(a_file_of_others_does_not_become_ours),
        cmocka_unit_test(a_second_name_of_another_file_leaves_it_alone),
        cmocka_unit_test(a_link_is_not_followed),
        cmocka_unit_test(what_is_no_file_is_left_alone),
        cmocka_unit_test(data_is_found),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
