/* xxh3.h - XXH3 with the widest vectors that this processor has.
 *
 * A call is looked up once, at run time, where Debian's library can (x86); elsewhere it is what the
 * library was compiled for. Every byte of the media is hashed once: SSE2, which x86-64 is compiled
 * for, does half of what AVX2 does. */
#ifndef BASE_XXH3_H
#define BASE_XXH3_H

#include <xxhash.h>

#if defined(__x86_64__) && defined(__has_include)
#if __has_include(<xxh_x86dispatch.h>)
#include <xxh_x86dispatch.h>
#endif
#endif

#endif
