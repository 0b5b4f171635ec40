import assert from 'node:assert/strict';
import { test } from 'node:test';
import { numberPlaceholders, render, textOf } from '../../infra/cloudformation/placeholders.ts';
import { nestedTemplate } from '../../infra/cloudformation/stack.ts';
import { vary } from '../../infra/cloudformation/vary.ts';

const NOTHING = { Ref: 'AWS::NoValue' };
const numbers = numberPlaceholders(['Days', 'Depth']);
const options = {
  numbers,
  known: (name: string) => ['Project', 'AWS::Region', 'Queue.Arn', 'Days', 'Depth'].includes(name),
};

test('what depends on no switch stands there once', () => {
  assert.deepEqual(
    vary(['A', 'B'], () => ({ list: [1, 2], text: 'same' })),
    { list: [1, 2], text: 'same' },
  );
});

test('members and elements that a switch takes away become conditions of their own', () => {
  const made = vary(['A'], ({ A }) => ({
    same: 1,
    statements: [{ Sid: 'Always' }, ...(A ? [{ Sid: 'Sometimes' }] : []), { Sid: 'Last', when: A }],
    ...(A ? { only: true } : {}),
  }));
  assert.deepEqual(made, {
    same: 1,
    statements: [
      { Sid: 'Always' },
      { 'Fn::If': ['A', { Sid: 'Sometimes' }, NOTHING] },
      { Sid: 'Last', when: { 'Fn::If': ['A', true, false] } },
    ],
    only: { 'Fn::If': ['A', true, NOTHING] },
  });
});

test('an element that only the other branch has keeps its place', () => {
  const made = vary(['A'], ({ A }) => (A ? [{ Id: 'x' }, { Id: 'z' }] : [{ Id: 'x' }, { Id: 'y' }, { Id: 'z' }]));
  assert.deepEqual(made, [{ Id: 'x' }, { 'Fn::If': ['A', NOTHING, { Id: 'y' }] }, { Id: 'z' }]);
});

test('several switches nest', () => {
  const made = vary(['A', 'B'], ({ A, B }) => (A && B ? 'both' : 'not'));
  assert.deepEqual(made, { 'Fn::If': ['A', { 'Fn::If': ['B', 'both', 'not'] }, 'not'] });
});

test('text with placeholders is a reference, or a substitution; other text with such signs stays what it is', () => {
  assert.deepEqual(render(textOf('Project'), options), { Ref: 'Project' });
  assert.deepEqual(render(`arn:${textOf('AWS::Region')}:x`, options), { 'Fn::Sub': `arn:${textOf('AWS::Region')}:x` });
  assert.deepEqual(render(textOf('Queue.Arn'), options), { 'Fn::Sub': textOf('Queue.Arn') });
  assert.equal(render(textOf('column'), options), textOf('column'));
  assert.deepEqual(render(`${textOf('Project')}/${textOf('column')}`, options), {
    'Fn::Sub': `${textOf('Project')}/\${!column}`,
  });
});

test('a number is a reference, alone and inside of text', () => {
  assert.deepEqual(render({ days: numbers.of('Days'), other: 30 }, options), { days: { Ref: 'Days' }, other: 30 });
  assert.deepEqual(render(`more than ${numbers.of('Depth')} wait`, options), {
    'Fn::Sub': `more than ${textOf('Depth')} wait`,
  });
});

test('a number that was computed from a placeholder is an error, and so is a placeholder in a key', () => {
  assert.throws(() => render(numbers.of('Days') * 2, options), /was computed from a parameter/);
  assert.throws(() => render(`after ${numbers.of('Days') * 86_400} s`, options), /was computed from a parameter/);
  assert.throws(() => render({ [`${textOf('Project')}:aud`]: 'x' }, options), /a placeholder in a key/);
});

test('a nested template has the parameters and conditions that it uses, and no others', () => {
  const template = nestedTemplate({
    description: 'One queue',
    inputs: { Other: { description: 'Of the main template', value: 'x' } },
    resources: {
      Queue: {
        Type: 'AWS::SQS::Queue',
        Condition: 'HasIpv6NetworkAcl',
        Properties: { QueueName: `${textOf('Project')}-${textOf('Other')}` },
      },
    },
    outputs: {},
  });
  assert.deepEqual(Object.keys(template.Parameters ?? {}).sort(), [
    'ExistingVpcId',
    'Ipv6',
    'NetworkAcls',
    'Other',
    'Project',
  ]);
  assert.deepEqual(Object.keys(template.Conditions ?? {}).sort(), [
    'HasIpv6NetworkAcl',
    'HasNetworkAcl',
    'WithIpv6',
    'WithOwnNetwork',
  ]);
});
