/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <gio/gio.h>

#include "common/dou-status.h"
#include "launcher/dou-command.h"
#include "launcher/dou-settings.h"

G_BEGIN_DECLS

/**
 * DouAdmin:
 *
 * A command of the administration on its way: what the command line says, and the bus of the running
 * server.
 */
typedef struct
{
  DouSettings settings;
  char *why;                   /* (owned) (nullable) */
  char **words;                /* (owned) (nullable) what is no option */
  GDBusConnection *connection; /* (owned) (nullable) */
  char *runtime_dir;           /* (owned) (nullable) of the running server */
} DouAdmin;

/**
 * DouAdminUsage:
 * @command: such as `doutok user ban`
 * @words: (nullable): what comes beside options, for people: `USER…`; %NULL if nothing may
 * @summary: a paragraph for its --help, translated
 * @options: (nullable): options of its own
 * @acts: whether it does something, and so takes a reason
 */
typedef struct
{
  const char *command;
  const char *words;
  const char *summary;
  const GOptionEntry *options;
  gboolean acts;
} DouAdminUsage;

/* What a list has unless another number is asked for. */
#define DOU_ADMIN_LIST_COUNT 50

/**
 * DouAdminList:
 * @service: such as `User`
 * @interface: such as `User1.Admin`
 * @method: takes @pages
 * @pages: `a(xbu)`: what to begin below, a mark, the most; or `a(xu)` if there is no mark
 * @reply: of @method, `aa(x…)`: records that begin with what the next page begins below
 * @print: prints a record
 */
typedef struct
{
  const char *service;
  const char *interface;
  const char *method;
  const char *pages;
  const char *reply;
  void (*print) (GVariant *record);
} DouAdminList;

/**
 * DouAdminShowFunc:
 * @self: a command that has begun
 * @record: of a service
 * @error: return location
 *
 * Returns: whether all that is known could be printed
 */
typedef gboolean (*DouAdminShowFunc) (DouAdmin *self, GVariant *record, GError **error);

int dou_admin_run (const char *command, const DouCommand *commands, gsize n_commands, int argc,
                   char **argv);

gboolean dou_admin_begin (DouAdmin *self, const DouAdminUsage *usage, int argc, char **argv,
                          int *exit_status);
void dou_admin_clear (DouAdmin *self);

GVariant *dou_admin_call (DouAdmin *self, const char *service, const char *interface,
                          const char *method, GVariant *items, const char *reply, GError **error);
GArray *dou_admin_find_users (DouAdmin *self, GError **error);
GArray *dou_admin_parse_ids (DouAdmin *self, const DouAdminUsage *usage, int *exit_status);
int dou_admin_tell_all (DouAdmin *self, GVariant *statuses, const char *done);
gboolean dou_admin_tell (const char *word, DouStatus status, const char *done);
char *dou_admin_describe_time (gint64 milliseconds);

int dou_admin_list (DouAdmin *self, const DouAdminList *list, gboolean marked, int count);
int dou_admin_show_all (DouAdmin *self, GVariant *records, DouAdminShowFunc show);
GVariant *dou_admin_make_acts (DouAdmin *self, GArray *ids);
GVariant *dou_admin_make_switches (DouAdmin *self, GArray *ids, gboolean on);
int dou_admin_act (DouAdmin *self, const char *service, const char *method, GVariant *acts,
                   const char *done);

int dou_export_command (int argc, char **argv);
int dou_user_command (int argc, char **argv);
int dou_video_command (int argc, char **argv);
int dou_comment_command (int argc, char **argv);
int dou_audit_command (int argc, char **argv);
int dou_report_command (int argc, char **argv);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DouAdmin, dou_admin_clear)

G_END_DECLS
