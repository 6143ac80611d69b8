/* SPDX-License-Identifier: Apache-2.0 */

/* Where the parts of DouTok find each other. The same program runs from the build tree, from any
 * prefix, and from a tree that was moved after installing: everything is looked up relative to the
 * running executable. Environment variables that name paths were rejected; they leak into children
 * and let a stale build be mixed with a new one. */

#include "config.h"

#include <string.h>

#include <gio/gio.h>

#include "common/dou-paths.h"

static char *
get_own_directory (void)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);

  return self != NULL ? g_path_get_dirname (self) : g_strdup (DOU_BINDIR);
}

static gboolean
runs_from_build_tree (const char *own)
{
  return g_str_has_prefix (own, DOU_BUILDDIR "/");
}

/* The way from one configured directory to another, applied to where the first one really is. */
static char *
relocate (const char *own, const char *configured_own, const char *configured_target)
{
  g_autoptr (GFile) moved = NULL;
  g_autoptr (GString) way = g_string_new (own);
  const char *from = configured_own;
  const char *to = configured_target;
  gsize common = 0;

  for (gsize i = 0;; i++)
    {
      gboolean from_ends = from[i] == '\0' || from[i] == '/';
      gboolean to_ends = to[i] == '\0' || to[i] == '/';

      if (from_ends && to_ends)
        common = i;
      if (from[i] != to[i] || from[i] == '\0')
        break;
    }

  for (const char *p = from + common; *p != '\0'; p++)
    if (*p == '/')
      g_string_append (way, "/..");
  g_string_append (way, to + common);

  moved = g_file_new_for_path (way->str);
  return g_file_get_path (moved);
}

/* doutok(1) lies in bindir, everything else in libexecdir. */
static const char *
get_configured_own (const char *own)
{
  return g_str_has_suffix (own, "/doutok") ? DOU_LIBEXECDIR : DOU_BINDIR;
}

/**
 * dou_paths_get_program:
 * @name: `doutok-gateway`, `doutok-user`, …
 *
 * Returns: (transfer full): the absolute path of a program that belongs to this one
 */
char *
dou_paths_get_program (const char *name)
{
  g_autofree char *own = get_own_directory ();
  g_autofree char *directory = NULL;

  if (runs_from_build_tree (own))
    {
      /* build/src/gateway/doutok-gateway; the sandbox lies with the video service that uses it. */
      const char *part = strchr (name, '-') + 1;

      return g_build_filename (DOU_BUILDDIR, "src", g_str_equal (part, "sandbox") ? "video" : part,
                               name, NULL);
    }

  directory = relocate (own, get_configured_own (own), DOU_LIBEXECDIR);
  return g_build_filename (directory, name, NULL);
}

/**
 * dou_paths_get_locale_dir:
 *
 * Returns: (transfer full): the directory of the compiled translations
 */
char *
dou_paths_get_locale_dir (void)
{
  g_autofree char *own = get_own_directory ();

  if (runs_from_build_tree (own))
    return g_build_filename (DOU_BUILDDIR, "po", NULL);

  return relocate (own, get_configured_own (own), DOU_LOCALEDIR);
}
