/* control.h - a run that goes on, from another process: ask how far it is, pause it, slow it down,
 * end it. It listens on the socket `control` of its run folder, for its own user and root. */
#ifndef VSSRESTORE_CONTROL_H
#define VSSRESTORE_CONTROL_H

#include "vssrestore/set.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Send a command: "status", "pause", "resume", "throttle N" (bytes a second, 0: no limit),
 *  "cancel" (it ends soon and in order, as by SIGTERM, and can be resumed). Each is answered by
 *  what the run is doing then: JSON: one object (share/vssrestore/schema/control.schema.json);
 *  text: a line for people. Blocks for some seconds at most; any thread.
 *  @retval VSR_ERR_SELECTION  no run goes on in that folder.
 *  @retval VSR_ERR_RUN_BUSY   it does not answer now: it waits for a disk.
 *  @retval VSR_ERR_USAGE      there is no such command. */
VSR_API vsr_code vsr_control(const char *run_dir, const char *command, vsr_format format,
                             vsr_sink sink, void *context, vsr_error *error);

#ifdef __cplusplus
}
#endif
#endif
