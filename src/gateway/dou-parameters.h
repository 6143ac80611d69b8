/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "common/dou-status.h"

G_BEGIN_DECLS

/* Far more than any request of the contract has. */
#define DOU_PARAMETERS_MAX 32

/**
 * DouParameters:
 *
 * What a request says in its query and in its form, in this order. A name that comes twice means
 * what it meant first. Names and values are valid UTF-8 without a NUL.
 *
 * A handful is searched faster in an array than in a hash table that was made for it.
 */
typedef struct
{
  struct
  {
    const char *name;  /* (unowned) in `texts` */
    const char *value; /* (unowned) in `texts` */
  } items[DOU_PARAMETERS_MAX];
  guint n_items;
  GSList *texts; /* (owned) (element-type utf8) */
} DouParameters;

void dou_parameters_init (DouParameters *self);
void dou_parameters_clear (DouParameters *self);

DouStatus dou_parameters_add (DouParameters *self, const char *name, const char *value);
DouStatus dou_parameters_add_form (DouParameters *self, const char *form, gsize length);
DouStatus dou_parameters_add_body (DouParameters *self,
                                   const char *content_type,
                                   const guint8 *body,
                                   gsize length);
const char *dou_parameters_get (const DouParameters *self, const char *name);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DouParameters, dou_parameters_clear)

G_END_DECLS
