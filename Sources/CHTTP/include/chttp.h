// GET over HTTP and HTTPS by libcurl, whose functions with a variable number of arguments Swift
// cannot call.
#ifndef FUNMATCH_CHTTP_H
#define FUNMATCH_CHTTP_H

#include <stddef.h>
#include <stdint.h>

enum {
  CH_OK = 0,
  CH_PASSING =
      1,  // may be otherwise in a moment: no connection, broken off, too slow, the server is busy
  CH_REFUSED = 2,    // will stay so: no such file, not allowed, no address
  CH_NO_RANGES = 3,  // the server gives the whole where a part was asked for
  CH_STOPPED = 4,    // the sink wants no more
};

enum { CH_MESSAGE_SIZE = 512, CH_VERSION_SIZE = 128 };

typedef struct {
  int64_t status;                 // of HTTP; 0 where no answer came
  int64_t size;                   // of the whole file; -1 where the server does not tell
  char version[CH_VERSION_SIZE];  // what the server calls this state of the file (ETag, else
                                  // Last-Modified); may be empty
} ch_answer;

// Takes the next bytes; 0 to end the transfer.
typedef int32_t (*ch_sink)(void *context, const uint8_t *bytes, size_t count);

// Keeps its connection for the next request. For one thread at a time.
typedef struct ch_client ch_client;

// Null when memory runs out. To be destroyed with ch_destroy.
ch_client *ch_create(void);
void ch_destroy(ch_client *client);

// Asks for the bytes `range` ("0-99", "100-"), or for all where it is null. `patience` is in
// seconds: how long nothing may come. `token`, unless it is null, is shown to the address's own
// server (as a bearer's), and to no other that this one leads to. Anything but CH_OK comes with a
// message. Redirections are followed, from https to https alone.
__attribute__((warn_unused_result)) int32_t ch_get(ch_client *client, const char *address,
                                                   const char *range, const char *token,
                                                   int32_t patience, ch_sink sink, void *context,
                                                   char *message, ch_answer *answer);

#endif
