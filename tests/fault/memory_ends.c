/* memory_ends.c - memory that runs out in the program's own code, its libraries' aside.
 *
 * Preloaded into the program. MEMORY_ENDS is the number of the call of malloc, calloc, realloc and
 * fopen out of the program's own text, from 1, that gets nothing; behind it nobody gets anything,
 * libraries neither. MEMORY_COUNT names a file that gets how many such calls there were, when the
 * process ends by itself. */
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define SEEN   __attribute__((visibility("default")))
#define IS_OWN is_own((uintptr_t)__builtin_return_address(0))

extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t bytes);

static uintptr_t own_from, own_end;
static unsigned long ends;
static const char *count_path;
static atomic_ulong calls;
static atomic_bool none_left;
static FILE *(*real_fopen)(const char *path, const char *mode);

/* The program comes first. */
static int object_see(struct dl_phdr_info *object, size_t size, void *context)
{
    (void)size;
    (void)context;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        if (part->p_type == PT_LOAD && (part->p_flags & PF_X) != 0) {
            own_from = object->dlpi_addr + part->p_vaddr;
            own_end = own_from + part->p_memsz;
        }
    }
    return 1;
}

__attribute__((constructor)) static void find(void)
{
    const char *number = getenv("MEMORY_ENDS");
    count_path = getenv("MEMORY_COUNT");
    real_fopen = (FILE * (*)(const char *, const char *)) dlsym(RTLD_NEXT, "fopen64");
    (void)dl_iterate_phdr(object_see, NULL);
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
    return caller >= own_from && caller < own_end;
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
