/**
 * How fast to call a destination that throttles: the control law, as pure functions of what was sent and what was answered.
 *
 * Calls are counted in rounds. What was accepted in the last round is the best estimate of what will be accepted, so a rate falls
 * to that, with a little headroom, when too much is refused. The number of refusals does not say who causes them: a
 * customer's own writers use the same quota. Where a fall does not help, the process brakes, that is, it calls for one round much less than
 * was accepted. If the refusals end, we caused them, and the rate stays low. If they go on, others cause them: the old
 * rate is restored, and this share of refusals, the background, no longer lowers it.
 *
 *                   ┌── too much refused ──▶ braking ◀── too much refused, still after a fall; at the next tick ──┐
 *     measuring ────┤                           │                                                                 │
 *                   └── else ───────────────────┴──────────▶ running ─────────────────────────────────────────────┘
 *
 * docs/decisions/0042-call-rate.md has the sources, the alternatives and the figures.
 */
export interface CallRate {
  readonly phase: 'measuring' | 'running' | 'braking';
  /** What calls should keep to. */
  readonly perSecond: number;
  readonly round: Round;
  /** Accepted calls a second, in the last round without a brake. */
  readonly acceptedPerSecond: number;
  /** What the current brake, or the next one, is compared with. */
  readonly before: Sample;
  /** Too much is refused, and falls of the rate have not ended it so far. */
  readonly doubt: Doubt | undefined;
  /** Answers from around brakes that did not help. */
  readonly background: Answers;
  /** What the rate gains, as a share of itself, after a round that was refused no more than the background. */
  readonly growth: number;
  /** The background is from a brake that did not begin at a tick: other processes of ours may not have braked with it. */
  readonly unconfirmed: boolean;
  readonly tick: number;
}

/** A moment, by two clocks. */
export interface Instant {
  /** Of a clock that never goes back, milliseconds. */
  readonly nowMs: number;
  /** Milliseconds since 1970: what processes do together, they do by this clock. */
  readonly epochMs: number;
}

export interface Answers {
  readonly accepted: number;
  readonly refused: number;
}

/** An answer counts to the round in which its call was sent. */
export interface Round extends Answers {
  readonly id: number;
  readonly startMs: number;
  readonly sent: number;
  readonly lastSentMs: number;
  /** Calls of a much higher rate are still under way and use up the quota; counting begins with the first answer. */
  readonly settling: boolean;
}

interface Sample extends Answers {
  readonly sentPerSecond: number;
}

/** `sentPerSecond` is from before the first fall, the answers are from the rounds that did not help. */
interface Doubt extends Sample {
  readonly rounds: number;
  /** The share that was refused in the last of these rounds. */
  readonly share: number;
}

/** The largest quota of PutLogEvents that AWS documents ("CloudWatch Logs quotas"): no limit at all for a process. */
const MEASURING_PER_SECOND = 5_000;
/** Begins with this, where more is not known to be accepted: of fewer calls the first round would tell little, or late. */
const PER_SECOND_FIRST = 5;
/** No quota is as low. A destination that takes nothing is asked this often whether that is over. */
const PER_SECOND_MIN = 1;
/**
 * Above the least rate, at most this many calls are made for each accepted one, so three refused ones for two accepted ones. Half of
 * all calls refused at random must not lower the rate, and a sample of twenty calls may then show six tenths.
 */
const CALLS_PER_ACCEPTED_MAX = 2.5;
/** When more than this is refused, there is no brake: what others refuse could not explain it, within the bound above. */
const BLAMED_MAX = 0.8;
/** Calls above what was accepted, so that a larger capacity is noticed. A full destination refuses them: one call in 21. */
const HEADROOM = 0.05;
/**
 * The share of what was accepted that is called while braking. It is small, because what was accepted may have been taken from
 * others, who then retry: only a rate that leaves them their part ends the refusals.
 */
const BRAKE = 0.25;
/** The same for a first verdict, right after measuring and at the next tick: quick, and put right by later brakes if it misleads. */
const BRAKE_QUICK = 0.7;
/** A rate above this share of the one before is no brake, and does not suffer from calls of the one before. */
const BRAKED_MAX = 0.75;
/** A fall that leaves more than this share of the refusals has not helped; after so many of them a brake is due. */
const FALL_HELPED_MAX = 0.75;
const FALLS_MAX = 2;
/** The same of a brake: what it leaves is not our doing. */
const BRAKE_HELPED_MAX = 0.5;
/** Refusals beyond the expected ones that are still chance, in standard deviations. */
const DEVIATIONS = 2;
/** The same where the rate is to grow: of two rounds with nothing but the background, one should pass. */
const DEVIATIONS_CALM = 0.5;
/** Accepted calls that are added to the background's: few refusals are no evidence. */
const PRESUMED = 10;
/** What earlier brakes still count after one with the same result. */
const REMEMBERED = 0.5;
const GROWTH_FACTOR = 3;
const GROWTH_MAX = 1;
/** The least gain of calls a second, for low rates. */
const GAIN_MIN = 0.25;
/** A rate that is used less than this does not grow: what more calls would meet is unknown. */
const USED_MIN = 0.8;

/** A round lasts until it has so many answers and milliseconds, */
const ANSWERS = 20;
const ROUND_MS_MIN = 1_000;
/** While measuring, so many refusals and nothing else are enough. Half of all calls refused at random begins so once in 256 times. */
const REFUSED_ENOUGH = 8;
/** or, at low rates, until it has so many. While the rate doubles, these few are enough, if none of them is a refusal. */
const ANSWERS_FEW = 5;
const ROUND_MS_MAX = 5_000;
const BRAKE_MS_MAX = 4_000;
/** Brakes begin when the clock shows a multiple of this, in all processes: so they do not take each other for other writers. */
const TICK_MS = 5_000;
/** A background is tested again every so many ticks. */
const TICKS_BETWEEN_TESTS = 4;

const NO_ANSWERS: Answers = { accepted: 0, refused: 0 };

/**
 * The rate of a destination that has just throttled, and was free until now.
 * @param acceptedLately calls that it has accepted in the second before
 */
export function beginCallRate(acceptedLately: number, at: Instant): CallRate {
  return {
    phase: 'measuring',
    perSecond: MEASURING_PER_SECOND,
    round: beginRound(1, at, false),
    acceptedPerSecond: acceptedLately,
    before: { ...NO_ANSWERS, sentPerSecond: 0 },
    doubt: undefined,
    background: NO_ANSWERS,
    growth: GROWTH_MAX,
    unconfirmed: false,
    tick: tickOf(at),
  };
}

/** The rate as time has changed it; to be asked for before `perSecond` is used. */
export function advance(rate: CallRate, at: Instant): CallRate {
  const idle = at.nowMs - rate.round.lastSentMs > ROUND_MS_MAX;
  const current = idle ? begin(rate, rate.perSecond, at) : rate;
  const tick = tickOf(at);
  if (tick === rate.tick) return current;
  const ticked = { ...current, tick };
  if (ticked.phase !== 'running') return ticked;
  const { doubt, before, background, unconfirmed } = ticked;
  const confirmed = { ...ticked, unconfirmed: false };
  if (doubt) return doubt.rounds > FALLS_MAX ? brakeIfSlower(confirmed, doubt, BRAKE, at) : ticked;
  if (background.refused === 0 || before.refused === 0) return ticked;
  if (unconfirmed) return brakeIfSlower(confirmed, before, BRAKE_QUICK, at);
  return tick % TICKS_BETWEEN_TESTS === 0 ? brakeIfSlower(ticked, before, BRAKE, at) : ticked;
}

/** A call goes. Its answer belongs to the round that the rate has now. */
export function sent(rate: CallRate, { nowMs }: Instant): CallRate {
  return { ...rate, round: { ...rate.round, sent: rate.round.sent + 1, lastSentMs: nowMs } };
}

/** A call was answered. @param roundId the round in which it was sent */
export function answered(rate: CallRate, roundId: number, answer: keyof Answers, at: Instant): CallRate {
  if (roundId !== rate.round.id) return rate;
  if (rate.round.settling) return { ...rate, round: beginRound(roundId + 1, at, false) };
  const round = { ...rate.round, [answer]: rate.round[answer] + 1 };
  const counted = { ...rate, round };
  if (!isOver(counted, at)) return counted;
  const seconds = Math.max(1, at.nowMs - round.startMs) / 1000;
  const sample = { accepted: round.accepted, refused: round.refused, sentPerSecond: round.sent / seconds };
  switch (rate.phase) {
    case 'measuring':
      return afterMeasuring(counted, sample, at);
    case 'running':
      return afterRunning(counted, sample, at);
    case 'braking':
      return afterBraking(counted, sample, at);
  }
}

function isOver({ phase, round, growth }: CallRate, { nowMs }: Instant): boolean {
  const answers = answersIn(round);
  const tookMs = nowMs - round.startMs;
  if (phase === 'measuring' && (answers >= ANSWERS || (round.accepted === 0 && answers >= REFUSED_ENOUGH))) return true;
  if (phase === 'braking' && tookMs >= BRAKE_MS_MAX) return true;
  const doubling = phase === 'running' && growth >= GROWTH_MAX && round.refused === 0;
  const enough = doubling ? ANSWERS_FEW : ANSWERS;
  return (answers >= enough && tookMs >= ROUND_MS_MIN) || (answers >= ANSWERS_FEW && tookMs >= ROUND_MS_MAX);
}

function afterMeasuring(rate: CallRate, sample: Sample, at: Instant): CallRate {
  const acceptedPerSecond = Math.max(acceptedOf(sample), rate.acceptedPerSecond);
  const measured = { ...rate, acceptedPerSecond, before: sample };
  if (!isTooMuch(sample, NO_ANSWERS)) return run({ ...measured, growth: HEADROOM }, sample.sentPerSecond, at);
  const first = run(measured, Math.max(PER_SECOND_FIRST, sustainable(acceptedPerSecond, NO_ANSWERS)), at);
  return mayBeOthers(sample) ? brakeIfSlower({ ...first, unconfirmed: true }, sample, BRAKE_QUICK, at) : first;
}

function afterRunning(rate: CallRate, sample: Sample, at: Instant): CallRate {
  const current = { ...rate, acceptedPerSecond: acceptedOf(sample), before: sample };
  if (isTooMuch(sample, rate.background)) return fall(current, sample, at);
  const calm = { ...current, doubt: undefined };
  if (!isCalm(sample, rate.background)) {
    return run({ ...calm, growth: cautious(rate.perSecond) }, rate.perSecond, at);
  }
  if (sample.sentPerSecond < rate.perSecond * USED_MIN) return run(calm, rate.perSecond, at);
  const growth = Math.min(GROWTH_MAX, rate.growth * GROWTH_FACTOR);
  return run({ ...calm, growth }, rate.perSecond + Math.max(GAIN_MIN, rate.perSecond * rate.growth), at);
}

/** The rate falls to what was accepted. After falls that have not helped it waits for a brake to show who causes the refusals. */
function fall(rate: CallRate, sample: Sample, at: Instant): CallRate {
  const { doubt } = rate;
  const share = refusedShare(sample);
  const goesOn = doubt !== undefined && share > doubt.share * FALL_HELPED_MAX && mayBeOthers(sample);
  const rounds = goesOn ? doubt.rounds + 1 : 1;
  const answers = goesOn ? add(doubt, sample) : sample;
  const perSecond =
    rounds > FALLS_MAX
      ? rate.perSecond
      : Math.min(rate.perSecond, sustainable(rate.acceptedPerSecond, rate.background));
  const { accepted, refused } = answers;
  const sentPerSecond = doubt?.sentPerSecond ?? sample.sentPerSecond;
  const next = { accepted, refused, sentPerSecond, share, rounds };
  return run({ ...rate, growth: cautious(perSecond), doubt: next }, perSecond, at);
}

function afterBraking(rate: CallRate, sample: Sample, at: Instant): CallRate {
  const { before } = rate;
  if (refusedShare(sample) < refusedShare(before) * BRAKE_HELPED_MAX) {
    const accepted = Math.max(rate.acceptedPerSecond, acceptedOf(sample));
    return run({ ...rate, background: sample }, sustainable(accepted, sample), at);
  }
  const background = add(scale(rate.background, REMEMBERED), add(before, sample));
  const perSecond = before.sentPerSecond * Math.min(1, (1 - refusedShare(before)) * CALLS_PER_ACCEPTED_MAX);
  return run({ ...rate, background, growth: GROWTH_MAX }, perSecond, at);
}

/** The first growth after refusals. From the least rate, which may be far below what is accepted by now, it doubles at once. */
function cautious(perSecond: number): number {
  return perSecond <= PER_SECOND_MIN ? GROWTH_MAX : HEADROOM;
}

/** What is accepted, with headroom, and as much more as others have refused. */
function sustainable(acceptedPerSecond: number, background: Answers): number {
  return (acceptedPerSecond * (1 + HEADROOM)) / (1 - backgroundShare(background));
}

/** Whether more was refused than the background and the headroom explain. */
function isTooMuch(sample: Sample, background: Answers): boolean {
  const share = 1 - (1 - backgroundShare(background)) / (1 + HEADROOM);
  return sample.refused > expected(sample, share, DEVIATIONS, background);
}

/** Whether no more was refused than others cause, so that more calls may be accepted. */
function isCalm(sample: Sample, background: Answers): boolean {
  return sample.refused <= expected(sample, backgroundShare(background), DEVIATIONS_CALM, background);
}

/** Refusals where this share is refused, and so many standard deviations: of the sample, and of the background as it was measured. */
function expected(sample: Sample, share: number, deviations: number, background: Answers): number {
  const answers = answersIn(sample);
  const uncertainty = background.refused > 0 ? 1 + answers / answersIn(background) : 1;
  return answers * share + deviations * Math.sqrt(answers * share * (1 - share) * uncertainty);
}

function mayBeOthers(sample: Sample): boolean {
  return refusedShare(sample) <= BLAMED_MAX;
}

function run(rate: CallRate, perSecond: number, at: Instant): CallRate {
  return begin({ ...rate, phase: 'running' }, perSecond, at);
}

/** Brakes to a share of what was accepted, where that is slower than the rate: otherwise it would tell nothing. */
function brakeIfSlower(rate: CallRate, before: Sample, share: number, at: Instant): CallRate {
  const perSecond = Math.max(PER_SECOND_MIN, rate.acceptedPerSecond * share);
  if (perSecond > rate.perSecond * BRAKED_MAX) return rate;
  return begin({ ...rate, phase: 'braking', before, doubt: undefined }, perSecond, at);
}

function begin(rate: CallRate, perSecond: number, at: Instant): CallRate {
  const bounded = Math.max(PER_SECOND_MIN, perSecond);
  const settling = bounded < rate.perSecond * BRAKED_MAX;
  return { ...rate, perSecond: bounded, round: beginRound(rate.round.id + 1, at, settling) };
}

function beginRound(id: number, { nowMs }: Instant, settling: boolean): Round {
  return { ...NO_ANSWERS, id, startMs: nowMs, sent: 0, lastSentMs: nowMs, settling };
}

function tickOf({ epochMs }: Instant): number {
  return Math.floor(epochMs / TICK_MS);
}

function answersIn({ accepted, refused }: Answers): number {
  return accepted + refused;
}

function refusedShare(sample: Sample): number {
  return sample.refused / answersIn(sample);
}

function acceptedOf(sample: Sample): number {
  return sample.sentPerSecond * (1 - refusedShare(sample));
}

/** The share of calls that others cause to be refused, as far as it may count. */
function backgroundShare(background: Answers): number {
  return Math.min(background.refused / (answersIn(background) + PRESUMED), 1 - 1 / CALLS_PER_ACCEPTED_MAX);
}

function add(a: Answers, b: Answers): Answers {
  return { accepted: a.accepted + b.accepted, refused: a.refused + b.refused };
}

function scale({ accepted, refused }: Answers, factor: number): Answers {
  return { accepted: accepted * factor, refused: refused * factor };
}
