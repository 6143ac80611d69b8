/* SPDX-License-Identifier: Apache-2.0 */

/* What a WebSocket's client says. Whatever it is there is a reference to answer to, and what is
 * accepted can travel over the bus. */

#include "config.h"

#include "fuzz/fuzz.h"
#include "gateway/dou-websocket-command.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_auto (DouWebsocketCommand) command = { 0 };
  DouStatus status = dou_websocket_command_parse (&command, (const char *) data, size);

  g_assert_nonnull (command.ref);
  g_assert_true (g_utf8_validate (command.ref, -1, NULL));
  if (status == DOU_STATUS_OK)
    {
      g_assert_true (g_utf8_validate (command.content, -1, NULL));
      g_assert_true (g_utf8_validate (command.request_id, -1, NULL));
    }

  return 0;
}
