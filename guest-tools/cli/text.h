/* SPDX-License-Identifier: GPL-2.0-only */
/* Text of somebody else's, such as a command line, before it is shown. */
#ifndef EXITSTAT_TEXT_H
#define EXITSTAT_TEXT_H

/*
 * In place.  JSON and Prometheus take UTF-8 only: if the text is not, bytes
 * other than ASCII become question marks.
 */
void text_make_utf8(char *text);

/*
 * Of UTF-8, in place.  Control characters, which a terminal would obey, become
 * question marks; it gets no longer.
 */
void text_make_printable(char *text);

#endif /* EXITSTAT_TEXT_H */
