/* mapped.h - files that are mapped and end under the process: somebody has cut one short, or its
 * disk does not read it any more. */
#ifndef TOOLS_MAPPED_H
#define TOOLS_MAPPED_H

/* From here on such an access (SIGBUS) ends the process as memory that runs out does: with the
 * summary, if somebody wants events, a sentence that names the file, and exit code 21 for one of
 * the media, 32 for another one. A run is gone on with as after a kill. Once, by main(). */
void mapped_watch(void);

#endif
