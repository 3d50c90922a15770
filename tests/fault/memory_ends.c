/* memory_ends.c - memory that runs out in the program's own code, or in its library's.
 *
 * Preloaded into the program. MEMORY_ENDS is the number of the call of malloc, calloc, realloc and
 * fopen out of the program's own text - with MEMORY_LIBRARY out of libvssrestore's, too -, from 1,
 * that gets nothing; behind it nobody gets anything. MEMORY_COUNT names a file that gets how many
 * such calls there were, when the process ends by itself. */
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEEN   __attribute__((visibility("default")))
#define IS_OWN is_own((uintptr_t)__builtin_return_address(0))

extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t bytes);

static struct text {
    uintptr_t from, end;
} texts[2]; /* the program's; the library's */
static unsigned long ends;
static const char *count_path;
static atomic_ulong calls;
static atomic_bool none_left;
static FILE *(*real_fopen)(const char *path, const char *mode);

/* The program has no name. */
static int object_see(struct dl_phdr_info *object, size_t size, void *context)
{
    const bool with_library = *(const bool *)context;
    const bool is_program = object->dlpi_name[0] == '\0';
    (void)size;
    if (!is_program && (!with_library || strstr(object->dlpi_name, "/libvssrestore") == NULL)) {
        return 0;
    }
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        if (part->p_type == PT_LOAD && (part->p_flags & PF_X) != 0) {
            const uintptr_t from = object->dlpi_addr + part->p_vaddr;
            texts[is_program ? 0 : 1] = (struct text){from, from + part->p_memsz};
        }
    }
    return 0;
}

__attribute__((constructor)) static void find(void)
{
    bool with_library = getenv("MEMORY_LIBRARY") != NULL;
    const char *number = getenv("MEMORY_ENDS");
    count_path = getenv("MEMORY_COUNT");
    real_fopen = (FILE * (*)(const char *, const char *)) dlsym(RTLD_NEXT, "fopen64");
    (void)dl_iterate_phdr(object_see, &with_library);
    ends = number != NULL ? strtoul(number, NULL, 10) : 0;
}

__attribute__((destructor)) static void tell(void)
{
    FILE *file = count_path != NULL ? real_fopen(count_path, "w") : NULL;
    if (file != NULL) {
        (void)fprintf(file, "%lu\n", atomic_load(&calls));
        (void)fclose(file);
    }
}

static bool is_own(uintptr_t caller)
{
    return (caller >= texts[0].from && caller < texts[0].end) ||
           (caller >= texts[1].from && caller < texts[1].end);
}

static bool fails(bool own)
{
    if (own && atomic_fetch_add(&calls, 1) + 1 == ends) {
        atomic_store(&none_left, true);
    }
    if (atomic_load(&none_left)) {
        errno = ENOMEM;
        return true;
    }
    return false;
}

SEEN void *malloc(size_t bytes)
{
    return fails(IS_OWN) ? NULL : __libc_malloc(bytes);
}

SEEN void *calloc(size_t count, size_t size)
{
    return fails(IS_OWN) ? NULL : __libc_calloc(count, size);
}

SEEN void *realloc(void *memory, size_t bytes)
{
    return fails(IS_OWN) ? NULL : __libc_realloc(memory, bytes);
}

SEEN FILE *fopen64(const char *path, const char *mode)
{
    return fails(IS_OWN) ? NULL : real_fopen(path, mode);
}
