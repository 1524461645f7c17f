#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "chttp.h"

struct ch_client {
  CURL *curl;
  // Of the request that is under way.
  ch_sink sink;
  void *context;
  ch_answer *answer;
  int wants_part;
  int has_etag;
  int32_t verdict;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void start(void) { curl_global_init(CURL_GLOBAL_DEFAULT); }

ch_client *ch_create(void) {
  pthread_once(&once, start);
  ch_client *client = calloc(1, sizeof *client);
  if (client == NULL) return NULL;
  client->curl = curl_easy_init();
  if (client->curl == NULL) {
    free(client);
    return NULL;
  }
  return client;
}

void ch_destroy(ch_client *client) {
  if (client == NULL) return;
  curl_easy_cleanup(client->curl);
  free(client);
}

static size_t take_bytes(char *bytes, size_t size, size_t count, void *data) {
  ch_client *client = data;
  long status = 0;
  curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
  if (client->wants_part && status == 200) {
    client->verdict = CH_NO_RANGES;
    return 0;
  }
  if (!client->sink(client->context, (const uint8_t *)bytes, size * count)) {
    client->verdict = CH_STOPPED;
    return 0;
  }
  return size * count;
}

// The value of a header line, without blanks around it; null when the line is another header's.
static const char *value_of(const char *line, size_t count, const char *name, size_t *length) {
  size_t skipped = strlen(name);
  if (count <= skipped || strncasecmp(line, name, skipped) != 0) return NULL;
  while (skipped < count && (line[skipped] == ' ' || line[skipped] == '\t')) skipped++;
  while (count > skipped && strchr("\r\n \t", line[count - 1]) != NULL) count--;
  *length = count - skipped;
  return line + skipped;
}

static size_t take_header(char *line, size_t size, size_t count, void *data) {
  ch_client *client = data;
  ch_answer *answer = client->answer;
  size_t length = 0;
  const char *value = NULL;
  count *= size;
  if (count > 5 && strncasecmp(line, "HTTP/", 5) == 0) {
    // The next answer of a chain of redirections.
    answer->size = -1;
    answer->version[0] = 0;
    client->has_etag = 0;
  } else if ((value = value_of(line, count, "content-range:", &length)) != NULL) {
    char text[64] = {0};
    memcpy(text, value, length < sizeof text ? length : sizeof text - 1);
    const char *slash = strchr(text, '/');
    if (slash != NULL && slash[1] >= '0' && slash[1] <= '9')
      answer->size = strtoll(slash + 1, NULL, 10);
  } else if ((value = value_of(line, count, "etag:", &length)) != NULL ||
             (!client->has_etag &&
              (value = value_of(line, count, "last-modified:", &length)) != NULL)) {
    client->has_etag = strncasecmp(line, "etag:", 5) == 0;
    size_t kept = length < CH_VERSION_SIZE ? length : CH_VERSION_SIZE - 1;
    memcpy(answer->version, value, kept);
    answer->version[kept] = 0;
  }
  return count;
}

static int32_t judge(CURLcode code, long status) {
  switch (code) {
    case CURLE_OK:
      return CH_OK;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_PARTIAL_FILE:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return CH_PASSING;
    case CURLE_HTTP_RETURNED_ERROR:
      return status == 408 || status == 425 || status == 429 || status >= 500 ? CH_PASSING
                                                                              : CH_REFUSED;
    default:
      return CH_REFUSED;
  }
}

static void allow(CURL *curl, const char *address) {
  int is_safe = strncasecmp(address, "https:", 6) == 0;
#if LIBCURL_VERSION_NUM >= 0x075500
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, is_safe ? "https" : "http,https");
#else
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS,
                   (long)(is_safe ? CURLPROTO_HTTPS : CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

int32_t ch_get(ch_client *client, const char *address, const char *range, const char *token,
               int32_t patience, ch_sink sink, void *context, char *message, ch_answer *answer) {
  CURL *curl = client->curl;
  char text[CURL_ERROR_SIZE] = {0};
  client->sink = sink;
  client->context = context;
  client->answer = answer;
  client->wants_part = range != NULL;
  client->has_etag = 0;
  client->verdict = CH_OK;
  *answer = (ch_answer){.status = 0, .size = -1};

  // Keeps the connection.
  curl_easy_reset(curl);
  curl_easy_setopt(curl, CURLOPT_URL, address);
  curl_easy_setopt(curl, CURLOPT_RANGE, range);
  curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 10L);
  allow(curl, address);
  // Signals belong to the program.
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  if (token != NULL) {
    curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
    curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, token);
  } else {
    curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_OPTIONAL);
  }
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "funmatch");
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)(patience < 30 ? patience : 30));
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)patience);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, text);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, client);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, client);

  CURLcode code = curl_easy_perform(curl);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  answer->status = status;
  curl_off_t length = -1;
  if (answer->size < 0 && status == 200 &&
      curl_easy_getinfo(curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length) == CURLE_OK)
    answer->size = length;
  // Its memory ends with this function.
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, NULL);

  const char *reason = text[0] != 0 ? text : curl_easy_strerror(code);
  if (client->verdict == CH_NO_RANGES)
    reason = "the server does not give parts of files (HTTP ranges)";
  if (code == CURLE_HTTP_RETURNED_ERROR)
    snprintf(message, CH_MESSAGE_SIZE, "the server answers with status %ld", status);
  else
    snprintf(message, CH_MESSAGE_SIZE, "%s", reason);
  return client->verdict != CH_OK ? client->verdict : judge(code, status);
}
