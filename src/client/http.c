/* http.c - see http.h. SPDX-License-Identifier: MIT */
#include "client/http.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void start_curl(void) { (void)curl_global_init(CURL_GLOBAL_DEFAULT); }

static size_t got_bytes(char *ptr, size_t size, size_t count, void *arg)
{
    struct buf *body = arg;

    return buf_append(body, ptr, size * count) ? size * count : 0;
}

static CURLcode set_options(CURL *curl, const char *url, unsigned timeout_ms, struct buf *body, char *err_text)
{
    CURLcode bad = CURLE_OK;

    bad = bad ? bad : curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, err_text);
    bad = bad ? bad : curl_easy_setopt(curl, CURLOPT_URL, url);
    bad = bad ? bad : curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    bad = bad ? bad : curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    bad = bad ? bad : curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    bad = bad ? bad : curl_easy_setopt(curl, CURLOPT_PROXY, "");
    bad = bad ? bad : curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, got_bytes);
    bad = bad ? bad : curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
    return bad;
}

bool http_get(const char *url, unsigned timeout_ms, struct buf *body, char *ret_err_text)
{
    char text[CURL_ERROR_SIZE] = "";
    long status = 0;

    (void)pthread_once(&curl_once, start_curl);
    CURL *curl = curl_easy_init();
    if (!curl) {
        (void)snprintf(ret_err_text, HTTP_ERR_BYTES, "%.200s: no memory", url);
        return false;
    }
    CURLcode bad = set_options(curl, url, timeout_ms, body, text);
    bad = bad ? bad : curl_easy_perform(curl);
    if (!bad)
        (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(curl);
    if (bad)
        (void)snprintf(ret_err_text, HTTP_ERR_BYTES, "%.120s: %.120s", url, text[0] ? text : curl_easy_strerror(bad));
    else if (status != 200)
        (void)snprintf(ret_err_text, HTTP_ERR_BYTES, "%.200s: status %ld", url, status);
    return !bad && status == 200;
}

bool http_url(struct slice addr, const char *path, char ret_url[HTTP_URL_BYTES_MAX])
{
    static const char *const schemes[] = {"http://", "https://"};
    const char *scheme = "http://";

    for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
        size_t len = strlen(schemes[i]);
        if (addr.len >= len && memcmp(addr.ptr, schemes[i], len) == 0) {
            scheme = schemes[i];
            addr = slice_of(addr.ptr + len, addr.len - len);
            break;
        }
    }
    while (addr.len > 0 && addr.ptr[addr.len - 1] == '/')
        addr.len--;
    if (addr.len == 0 || addr.len > HTTP_URL_BYTES_MAX || memmem(addr.ptr, addr.len, "://", 3))
        return false;
    for (size_t i = 0; i < addr.len; i++)
        if ((unsigned char)addr.ptr[i] <= ' ' || addr.ptr[i] == 0x7f)
            return false;
    int len = snprintf(ret_url, HTTP_URL_BYTES_MAX, "%s%.*s%s", scheme, (int)addr.len, addr.ptr, path);
    return len > 0 && len < HTTP_URL_BYTES_MAX;
}
