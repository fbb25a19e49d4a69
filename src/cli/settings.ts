// The options that commands share, made from control's table of settings. Owns their form on the
// command line; never reads the environment (control's config does).

import { type Command, Option } from 'commander'
import { type ConfigOptions, SETTINGS, type SettingName } from '../control/config.ts'

export function addSettings(command: Command, names: readonly SettingName[]): Command {
  for (const name of names) {
    const { option, argument, description, variable, defaultText } = SETTINGS[name]
    const fallback = defaultText === '' ? variable : `${variable}; default ${defaultText}`
    command.addOption(new Option(`${option} ${argument}`.trimEnd(), `${description} (${fallback})`))
  }
  return command
}

export type { ConfigOptions }
