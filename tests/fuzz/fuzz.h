/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* What every fuzz target defines: libFuzzer's entry. Anything but a return of 0 is a finding. */
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);
