/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "user/dou-user-call.h"

G_BEGIN_DECLS

/**
 * DouUserProof:
 *
 * One user on the way through a call, who has a password to prove it.
 */
typedef struct
{
  GTask *task;            /* (owned) (nullable) of the call, while the hasher works */
  DouUserOutcome outcome; /* final once settled */
  gboolean settled;
  gint64 id;
  char *password;     /* (owned) (nullable) wiped when freed; NULL if it is the administration */
  char *new_password; /* (owned) (nullable) of a change; wiped when freed */
  char *why;          /* (owned) (nullable) of what the administration does */
  char *hash;         /* (owned) (nullable) that is in the store, as of this round */
  gint64 generation;  /* as of this round */
  char *new_hash;     /* (owned) (nullable) of this round, once the password was right */
} DouUserProof;

/**
 * DouUserRoundsKind:
 * @max_rounds: how often a password is verified again because the hash was replaced in between
 * @absent: what who is not there is told
 * @verified: the password was right, or not: settles @proof or has the hasher do more, and calls
 *   dou_user_rounds_done() at the end
 * @write: asks the store about the users in the places; then begins the next round
 * @finish: all are settled
 *
 * What one kind of call does in rounds.
 */
typedef struct
{
  guint max_rounds;
  DouStatus absent;
  void (*verified) (DouUserProof *proof, DouPasswordHasher *hasher, gboolean matches);
  void (*write) (GTask *task);
  void (*finish) (GTask *task);
} DouUserRoundsKind;

/**
 * DouUserRounds:
 *
 * Many users who came together; the data of the call's task.
 */
typedef struct
{
  const DouUserRoundsKind *kind;
  DouCaller *caller;    /* (owned) (nullable) who does it for the administration */
  DouUserProof *proofs; /* (owned) (array length=n_proofs) */
  guint n_proofs;
  GArray *places;  /* (owned) (element-type guint) of the users that the store was asked about */
  guint n_rounds;  /* begun so far */
  guint n_pending; /* users that are with the hasher */
} DouUserRounds;

GTask *dou_user_rounds_new (DouUserManager *manager, gpointer source_tag,
                            const DouUserRoundsKind *kind, guint n_proofs,
                            GCancellable *cancellable, GAsyncReadyCallback callback,
                            gpointer user_data);
void dou_user_rounds_settle (DouUserProof *proof, DouStatus status);
DouUserProof *dou_user_rounds_get_asked (DouUserRounds *self, guint i);

void dou_user_rounds_begin (GTask *task);
void dou_user_rounds_write (GTask *task);
void dou_user_rounds_done (DouUserProof *proof);
void dou_user_rounds_fail (GTask *task, GError *error);

G_END_DECLS
