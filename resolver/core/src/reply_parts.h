/* What stands inside the records of a reply: rdata written anew, the errors of its OPT record, and where
 * it leads. */
#ifndef WEIR_REPLY_PARTS_H
#define WEIR_REPLY_PARTS_H

#include "reply_scan.h"

/* Append the record's rdata, its names without compression pointers of old. An error if it is malformed. */
void weir_scan_put_rdata(weir_scan_writer *writer, weir_scan_cursor *cursor, const weir_scan_record *record);

/* Extended response code and errors of the OPT record among the additional ones (RFC 6891, RFC 8914). 0
 * and an error if there are several or one is malformed. */
int weir_scan_read_errors(weir_scan_cursor *cursor, weir_scan_section additional, weir_reply *reply,
                          weir_reply_room *room);

/* The targets and addresses that the kept records lead to, each once. 0 and an error if one is malformed. */
int weir_scan_gather(weir_scan_cursor *cursor, weir_scan_section answers, weir_reply *reply,
                     weir_reply_room *room);

#endif
