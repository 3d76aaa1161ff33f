import type { FindFailure } from '../assets/definitions/find-file.ts'
import type { Lack, Problem, ProblemFacts } from '../assets/definitions/problem.ts'
import type { SlurmOptionFacts } from '../assets/definitions/slurm-options.ts'
import type { ExampleFailure } from '../assets/example.ts'
import { bytes, duration } from './quantities.ts'
import { lackHere } from './words-lack.ts'
import type { Words } from './word-table.ts'
import { conditionWords } from './words-usage.ts'
import { safeFacts } from './words.ts'

/** What stands in the way before definitions are read, or beside them. */
export type AssetFailure =
  | FindFailure
  | ExampleFailure
  | { readonly kind: 'not-trusted'; readonly file: string; readonly changed: boolean }
  | { readonly kind: 'no-home' }
  | { readonly kind: 'cluster-silent'; readonly detail: string }

const failures: Words<AssetFailure> = {
  'no-definitions': ({ from, root }) =>
    `there is no waybill.yaml in ${from}${from === root ? '' : ` or above it, up to ${root}`}; \`waybill init\` writes an example`,
  'two-definitions': ({ folder }) =>
    `${folder} has both waybill.yaml and waybill.config.ts; remove or rename one of them`,
  'already-there': ({ path }) =>
    `${path} is there already, and nothing was written; move it away, or call \`waybill init\` in another folder`,
  'not-trusted': ({ file, changed }) =>
    changed
      ? `${file} has changed since you trusted it, and its code was not run; read it, then run \`waybill trust ${file}\``
      : `${file} is code that runs as you, and was not run; read it, then run \`waybill trust ${file}\``,
  'no-home': () => 'there is no folder to note it in; set HOME or XDG_CONFIG_HOME to a folder of yours',
  'cluster-silent': ({ detail }) =>
    `Slurm was not asked what its partitions have (${detail}); the resources of assets at Slurm sites are unchecked`,
}

/** A failure in words: what happened, to which path, what to do next. */
export function assetFailureWords(failure: AssetFailure): string {
  const words = failures[failure.kind] as (facts: AssetFailure) => string
  return words(safeFacts(failure) as AssetFailure)
}

/** What is wrong with definitions, in words; where it is stands before them. */
export function problemWords(problem: Problem): string {
  const words = problems[problem.kind] as (facts: ProblemFacts) => string
  const text = words(safeFacts(problem) as ProblemFacts)
  const path = problem.path.length === 0 ? '' : `${String(safeFacts(problem.path.join('.')))}: `
  return `${path}${text}`
}

/** What stands against a value that is said for a run. */
export function settingWords(name: string, facts: ProblemFacts): string {
  const words = problems[facts.kind] as (facts: ProblemFacts) => string
  return `${String(safeFacts(name))}: ${words(safeFacts(facts) as ProblemFacts)}`
}

const problems: Words<ProblemFacts> = {
  'not-utf8': () => 'the file is not valid UTF-8; save it in that encoding',
  'file-too-large': (facts) =>
    `the file has ${bytes(facts.bytes)}, and definitions at most ${bytes(facts.limit)}; make long lists in waybill.config.ts`,
  'empty-file': () => 'the file is empty; it needs at least `assets:`, and `waybill init` writes an example',
  'not-a-mapping': ({ found }) =>
    `definitions are a mapping (assets:, sites:, external:), and this is ${found}`,
  'yaml-syntax': ({ message }) => `this is not YAML: ${message}`,
  'tab-indent': () => 'a tab indents this line, which YAML forbids; use blanks',
  'several-documents': () => 'a second document begins here (---), and definitions are one; remove it',
  'duplicate-key': ({ key }) => `${key} stands here for the second time; remove or rename one`,
  'too-deep': () => 'values are nested without end, or deeper than 64 levels; flatten them',
  'too-many-aliases': () =>
    'aliases (*name) are unknown, name themselves, or stand for too much; write the values out',
  'config-failed': ({ message }) => `its code failed: ${message}`,
  'unknown-key': ({ nearest, known }) =>
    `there is no such key${nearest === null ? (known.length === 0 ? '' : `; known are ${known.join(', ')}`) : `; did you mean ${nearest}?`}`,
  'missing-key': ({ key }) => `the key ${key} is missing`,
  'wrong-type': ({ expected, found }) => `this must be ${expected.join(' or ')}, and is ${found}`,
  'not-one-of': ({ found, nearest, known }) =>
    `${found} is none of ${known.join(', ')}${nearest === null ? '' : `; did you mean ${nearest}?`}`,
  'out-of-range': ({ least, most }) =>
    `this must be ${least === null ? `at most ${most}` : `at least ${least}`}`,
  'empty-value': () => 'this is empty; say something, or remove the key',
  'forbidden-character': () => 'this holds a line break or NUL, which cannot stand here',
  'exactly-one': ({ of, found }) =>
    `exactly one of ${of.join(', ')} must be given, and ${found.length === 0 ? 'none is' : `${found.join(' and ')} are`}`,
  'other-form': ({ message }) => `this has not the right form: ${message}`,
  'bad-name': ({ name, why }) =>
    why === 'reserved'
      ? `${name} is a word of the language that selects assets; choose another name`
      : why === 'beginning'
        ? `${name}: no part of a name may begin with "-" or "."`
        : `${name}: a name has letters, digits, "_", "." and "-"; parts of an asset's are joined by "/"`,
  'bad-dimension': ({ name }) =>
    `${name}: a dimension's name has letters, digits and "_", and does not begin with a digit`,
  'bad-key': ({ key, why }) => badKey(key, why),
  'bad-every': ({ text }) => `${text} is no size of a window; write 1h, 6h, 1d, 1w or 1m`,
  'bad-instant': ({ text }) =>
    `${text} is no time that exists; write 2026-01-01, 2026-01 or 2026-01-01T06 (UTC)`,
  'bad-window-start': ({ text, every }) =>
    `windows of ${every} cannot begin at ${text}: days and weeks begin at midnight, months with their first day`,
  'window-backwards': ({ start, end }) =>
    `the last window ends at ${end}, before the first begins (${start})`,
  'too-many-keys': ({ count, limit }) => `these are ${count} keys, and ${limit} is the most there can be`,
  'unknown-placeholder': ({ name, nearest, known }) =>
    `{${name}} is no dimension; ${
      known.length === 0
        ? 'this asset has no partitions'
        : nearest === null
          ? `known are ${known.map((one) => `{${one}}`).join(', ')}`
          : `did you mean {${nearest}}?`
    } ({{${name}}} stands for {${name}} itself)`,
  'key-not-shell-safe': ({ dimension, key }) =>
    `{${dimension}} stands in shell code, where the key "${key}" would not mean itself; write "$WAYBILL_KEY_${dimension}", or run a script or exec with args`,
  'bad-memory': ({ text }) => `${text} is no amount of memory; write 32G, 512M, 1T or a number of MiB`,
  'bad-time': ({ text }) =>
    `${text} is no limit of time; write "02:00:00", a number of minutes, or days-hours:minutes:seconds`,
  ...conditionWords,
  'bad-variable': ({ name, why }) =>
    why === 'own'
      ? `${name} is a variable that Waybill sets; choose another name`
      : `${name} is no name of a variable; it has letters, digits and "_"`,
  'not-a-slurm-site': ({ option }) =>
    `${option} is an option of sbatch, and this site is local; only cpus, gpus, memory, time and nodes mean something there`,
  'unknown-option': ({ option, nearest }) =>
    `sbatch has no option ${option}${nearest === null ? '; write its long name without dashes' : `; did you mean ${nearest}?`}`,
  'own-option': ({ option, why }) => `${option} cannot be given: ${ownReasons[why]}`,
  'option-value': ({ option, expected }) =>
    expected === 'flag'
      ? `${option} takes no value; write true or false`
      : expected === 'value'
        ? `${option} needs a value`
        : `${option} needs a value, or true`,
  'unknown-need': ({ name, nearest }) =>
    `there is no asset or external source ${name}${nearest === null ? '; define it, or remove it here' : `; did you mean ${nearest}?`}`,
  'unknown-site': ({ name, nearest, known }) =>
    `there is no site ${name}; ${nearest === null ? `known are ${known.join(', ')}` : `did you mean ${nearest}?`}`,
  'no-default-site': ({ sites }) =>
    `some assets name no site; write defaultSite: with one of ${sites.join(', ')}`,
  'name-twice': ({ name }) => `${name} is an asset, too; rename one of them`,
  cycle: ({ names }) =>
    `assets need each other in a circle: ${[...names, names[0] ?? ''].join(' -> ')}; remove one of these needs`,
  'unknown-override-key': ({ key, nearest }) =>
    `the asset has no key ${key}${nearest === null ? '; a key of several dimensions joins their values by "|"' : `; did you mean ${nearest}?`}`,
  'keys-without-partitions': () => 'the asset has no partitions, and so no keys',
  'path-leaves': ({ written }) =>
    `${written} leaves the dataset; name a path inside it, or leave outputs empty where it lives elsewhere`,
  'path-in-git': ({ written }) => `${written} lies in .git, which is git's own; name another path`,
  'output-lacks-dimension': ({ dimensions }) =>
    `all keys would write this path; put ${dimensions.map((one) => `{${one}}`).join(' and ')} into it`,
  'keys-share-output': ({ output, other }) =>
    output === other
      ? `two keys may give one path; put something between the placeholders that is in no value, such as "/"`
      : `two keys may write one path: this one, and ${other} of the same asset; put them into folders of their own`,
  'output-taken': ({ asset, other, at }) =>
    `the asset ${asset} may write there, too (${other}, line ${at.line}); give each a path of its own`,
  'missing-script': ({ file, why }) =>
    why === 'folder'
      ? `${file} is a folder, not a script`
      : `there is no file ${file}, named from the folder of the definitions; write it, or mend the path`,
  'no-such-partition': ({ name, nearest, known }) =>
    `the cluster has no partition ${name}; ${nearest === null ? `it has ${known.join(', ')}` : `did you mean ${nearest}?`}`,
  'no-partition-fits': ({ key, partitions, lacking }) =>
    `no partition of the cluster has that${key === null ? '' : ` for the key ${key}`} (looked at: ${partitions.join(', ')}): ${lacking.map(lack).join('; ')}; ask for less, or name another partition`,
  'machine-lacks': ({ key, lacking }) =>
    `this machine has not that${key === null ? '' : ` for the key ${key}`}: ${lacking.map(lackHere).join('; ')}; ask for less here (\`sites:\`), or run it at another site`,
}

const ownReasons: { readonly [Why in Extract<SlurmOptionFacts, { kind: 'own-option' }>['why']]: string } = {
  identity: 'Waybill finds its jobs again by it',
  keys: 'the tasks of arrays are made of partition keys; write partitions',
  run: 'what runs is said by run',
  needs: 'who waits for whom is said by needs',
  answer: 'Waybill reads what sbatch answers',
  waits: 'Waybill waits itself, where it is asked to',
  folder: 'jobs run in the folder of the definitions; let the script change it',
  logs: 'Waybill keeps the logs of its jobs, and shows them (`waybill logs`)',
  release: 'Waybill holds and releases its jobs itself',
  'answers-only': 'it has sbatch submit nothing',
}

function badKey(key: string, why: Extract<ProblemFacts, { kind: 'bad-key' }>['why']): string {
  switch (why) {
    case 'twice':
      return `the key ${key} stands here twice; remove one`
    case 'blank':
      return `the key "${key}" is empty, or has a blank at an end`
    case 'characters':
      return `the key ${key} holds one of | , / { } or a control character, which separate keys and paths`
    case 'dots':
      return `the key ${key} begins with "." or holds "..", which means a range`
  }
}

function lack({ what, asked, most }: Lack): string {
  const write = what === 'memory' ? bytes : what === 'time' ? duration : String
  const of = what === 'cpus' || what === 'memory' || what === 'gpus' ? ' on a node' : ''
  return `${what}: ${write(asked)} asked, ${write(most)} there${of}`
}
