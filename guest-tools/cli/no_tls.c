// SPDX-License-Identifier: GPL-2.0-only
/*
 * Debian builds libmicrohttpd with TLS by GnuTLS, and has no static library of
 * some of what GnuTLS needs.  exitstat serves plain HTTP, and a guest gets one
 * static file: so these stand in for GnuTLS.  The library calls the first two as
 * a program begins and ends, the others only for a daemon that is started with
 * MHD_USE_TLS, which exitstat never does.
 */
#include <stdlib.h>

#include "no_tls.h"

int gnutls_global_init(void)
{
	return 0;
}

void gnutls_global_deinit(void)
{
}

void *(*gnutls_malloc)(size_t size) = malloc;

#define DEFINE_UNUSED(name) \
	void gnutls_##name(void) \
	{ \
		abort(); \
	}

UNUSED_TLS(DEFINE_UNUSED)
