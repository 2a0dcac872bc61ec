/* strerror.c - the library's version and the meaning of its errors; see gmq.h. SPDX-License-Identifier: MIT */
#include <gmq.h>

#ifndef GMQ_VERSION
#define GMQ_VERSION "unknown"
#endif

const char *gmq_version(void) { return GMQ_VERSION; }

const char *gmq_strerror(int err)
{
    switch ((enum gmq_error)err) {
    case GMQ_OK: return "success";
    case GMQ_ERR_ARGUMENT: return "an argument is out of range";
    case GMQ_ERR_MEMORY: return "no memory";
    case GMQ_ERR_ADDRESS: return "the address cannot be read or found";
    case GMQ_ERR_CONNECT: return "no connection";
    case GMQ_ERR_TIMEOUT: return "no answer in time";
    case GMQ_ERR_CLOSED: return "the connection broke";
    case GMQ_ERR_UNKNOWN_OUTCOME: return "the answer was lost: the request may or may not have been done";
    case GMQ_ERR_PROTOCOL: return "the peer does not speak the protocol";
    case GMQ_ERR_TOO_BIG: return "above the limit of sizes";
    case GMQ_ERR_NO_MESSAGE: return "no message";
    case GMQ_ERR_NOT_FOUND: return "not found";
    case GMQ_ERR_REFUSED: return "the node refused the request";
    case GMQ_ERR_FULL: return "the pipeline is full: read replies first";
    case GMQ_ERR_STATE: return "not now: the pipeline is in another state";
    case GMQ_ERR_NO_NODES: return "no node can be used";
    case GMQ_ERR_REGISTRY: return "no registry answered";
    }
    return "unknown error";
}
