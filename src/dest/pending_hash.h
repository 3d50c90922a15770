/* pending_hash.h - hashes by which what waits for the next boot is known again. Control thread;
 * faults are errnos, ECANCELED where *cancel (NULL: never) is not 0 while it reads. */
#ifndef DEST_PENDING_HASH_H
#define DEST_PENDING_HASH_H

#include <stdint.h>

/* XXH3-128 of all bytes of a file, in canonical form. */
int pending_hash_whole(int fd, uint64_t bytes, const volatile int *cancel, uint8_t xxh3_128[16]);

/* The same of what is not zero alone: of each block of 4 KiB that holds anything else, its offset
 * (8 bytes, little-endian) and its bytes. However the file's holes lie, and however large they
 * are. */
int pending_hash_sparse(int fd, uint64_t bytes, const volatile int *cancel, uint8_t xxh3_128[16]);

#endif
