#!/usr/bin/env node
// Plain JavaScript that any Node of the last ten years reads, so that an old one can say what is wrong.
import process from 'node:process'

var major = Number(process.versions.node.split('.')[0])
if (major < 24) {
  process.stderr.write(
    'waybill: this is Node ' +
      process.versions.node +
      ', and Waybill needs Node 24 or newer.\n' +
      'Install one (https://nodejs.org, or `npm install -g node@24` for this user) and put it first on PATH.\n',
  )
  process.exitCode = 1
} else {
  start()
}

function start() {
  void import('node:module')
    .then(function (module) {
      return import('node:os').then(function (os) {
        return import('node:fs').then(function (fs) {
          try {
            // The compiled form is code that will be run: it lies where only the user can write.
            var cache = process.env.XDG_CACHE_HOME || os.homedir() + '/.cache'
            var folder = cache + '/waybill/compiled'
            fs.mkdirSync(folder, { recursive: true, mode: 448 })
            var stat = fs.statSync(folder)
            if (stat.uid === process.getuid() && (stat.mode & 18) === 0) module.enableCompileCache(folder)
          } catch {
            // Without a cache, or a home to keep it in, it only starts a little slower.
          }
        })
      })
    })
    .then(function () {
      return import('./main.js')
    })
    .then(function (waybill) {
      return waybill.main(process.argv.slice(2))
    })
}
