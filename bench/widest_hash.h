/* widest_hash.h - XXH3 with the widest vectors that this processor has: a ceiling is what the
 * machine can do, not what a program was compiled for. Elsewhere than on x86: the library's own. */
#ifndef BENCH_WIDEST_HASH_H
#define BENCH_WIDEST_HASH_H

#include <xxhash.h>

#if defined(__x86_64__) && __has_include(<xxh_x86dispatch.h>)
#include <xxh_x86dispatch.h> /* XXH3_64bits_withSeed() is looked up once, at run time */
#endif

#endif
