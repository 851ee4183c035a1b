// SPDX-License-Identifier: GPL-2.0-only
#include <jansson.h>

#include "text.h"

void text_make_utf8(char *text)
{
	json_t *string = json_string(text);

	for (; !string && *text; text++) {
		if ((unsigned char)*text > 0x7e)
			*text = '?';
	}
	json_decref(string);
}

void text_make_printable(char *text)
{
	const char *from = text;

	while (*from) {
		/* The second kind is two bytes long. */
		if ((unsigned char)*from < ' ' || *from == 0x7f) {
			*text++ = '?';
		} else if (from[0] == '\xc2' && (unsigned char)from[1] < 0xa0) {
			*text++ = '?';
			from++;
		} else {
			*text++ = *from;
		}
		from++;
	}
	*text = '\0';
}
