#!/usr/bin/env node
// Plain JavaScript that any Node of the last ten years reads, so that an old one can say what is wrong.
'use strict'

var process = require('process')

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
  keepCompiled()
  void require('./parts/main.cjs').main(process.argv.slice(2))
}

function keepCompiled() {
  var fs = require('fs')
  try {
    // The compiled form is code that will be run: it lies where only the user can write.
    var cache = process.env.XDG_CACHE_HOME || require('os').homedir() + '/.cache'
    var folder = cache + '/waybill/compiled'
    var stat = fs.statSync(folder, { throwIfNoEntry: false })
    if (stat === undefined) {
      fs.mkdirSync(folder, { recursive: true, mode: 448 })
      stat = fs.statSync(folder)
    }
    if (stat.uid === process.getuid() && (stat.mode & 18) === 0) require('module').enableCompileCache(folder)
  } catch {
    // Without a cache, or a home to keep it in, it only starts a little slower.
  }
}
