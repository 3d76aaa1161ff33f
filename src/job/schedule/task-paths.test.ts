import { expect, test } from 'vitest'
import {
  anyTaskPath,
  fromMarked,
  holdsTask,
  pathsOfTasks,
  taskMarks,
  taskPath,
  tasksOfPath,
  withoutTaskPaths,
} from './task-paths.ts'

const all = (): boolean => true

test('{task} becomes the index, padded where that is said; doubled braces are braces', () => {
  expect(taskPath('out/{task}.csv', 7)).toBe('out/7.csv')
  expect(taskPath('out/{task:03}/{task}', 7)).toBe('out/007/7')
  expect(taskPath('{{task}}/{task}', 7)).toBe('{task}/7')
})

test('a text holds {task} only where the braces are single', () => {
  expect(['a/{task}', '{{{task}}}', '{task:04d}'].map(holdsTask)).toEqual([true, true, true])
  expect(['a', '{{task}}', '{tasks}', '{task:3}', 'task'].map(holdsTask)).toEqual([
    false,
    false,
    false,
    false,
    false,
  ])
})

test('marks survive what is done to paths, and braces of a name are doubled', () => {
  const marks = taskMarks(['{task}', 'x{task:03d}'])
  expect(fromMarked(`a{b}/${marks['task']}-${marks['task:03d']}`)).toBe('a{{b}}/{task}-{task:03}')
  expect(fromMarked('a/b')).toBeNull()
})

test('the pattern for all tasks never spans folders', () => {
  expect(anyTaskPath('out/{task}.csv')).toBe('out/*.csv')
  expect(anyTaskPath('out/*{task}/**/x')).toBe('out/*/**/x')
})

test('few paths are named one by one, many as a pattern', () => {
  expect(pathsOfTasks(['a/{task}', 'b/{task}'], [1, 3])).toEqual(['a/1', 'b/1', 'a/3', 'b/3'])
  expect(
    pathsOfTasks(
      ['a/{task}'],
      Array.from({ length: 101 }, (_, i) => i),
    ),
  ).toEqual(['a/*'])
})

test('outputs that stand for tasks are told from the others', () => {
  expect(withoutTaskPaths(['log', 'a/1', 'a/10', 'a/*', 'a/x1', 'b*'], ['a/{task}'])).toEqual([
    'log',
    'a/x1',
    'b*',
  ])
})

test('a path belongs to the task whose index stands there, and to all that it may belong to', () => {
  expect(tasksOfPath('out/{task}.csv', 'out/12.csv', all)).toEqual([12])
  expect(tasksOfPath('runs/{task}', 'runs/3/deep/12', all)).toEqual([3])
  expect(tasksOfPath('out/{task:03}', 'out/012', all)).toEqual([12])
  expect(tasksOfPath('out/*{task}', 'out/12', all).toSorted((a, b) => a - b)).toEqual([2, 12])
  expect(tasksOfPath('out/{task}.csv', 'out/12.csv', (task) => task < 10)).toEqual([])
})
