/** Where the binary's TypeScript begins, and the one place where it ends the process. */
import { SIGCHLD, SIGPIPE, SIGXFSZ } from "../sys/constants.js";
import { sys } from "../sys/index.js";
import { dispatch } from "./dispatch.js";

// a reader that has gone is told to the writer (EPIPE); it must not end us in the middle of the work
sys.signal_ignore(SIGPIPE, true);
// so is a file that may not grow (EFBIG)
sys.signal_ignore(SIGXFSZ, true);
// inherited from a caller that ignores it, our own children would vanish before we have their status (wait(2))
sys.signal_ignore(SIGCHLD, false);
sys.exit(await dispatch(sys.argv()));
