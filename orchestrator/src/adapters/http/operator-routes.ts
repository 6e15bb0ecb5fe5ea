import { faultyFields } from '@saga/service-kit/faulty-fields';
import type { HttpApp } from '@saga/service-kit/http-app';
import { badRequest, inWords } from '@saga/service-kit/problem';
import { z } from 'zod';
import { type OperateOptions, operate, previewOf } from '../../app/operate.ts';
import { sagaViewIn } from '../../app/saga-view.ts';
import type { Act } from '../../saga/incoming.ts';
import { actorOf } from './actor.ts';
import { sagaId, sagaSchema } from './schemas.ts';

const tags = ['operators'];
const params = z.object({ sagaId });

const MAX_TEXT = 500;
const text = z.string().trim().min(1).max(MAX_TEXT);
const step = z.string().max(MAX_TEXT);
const input = z.record(z.string(), z.unknown());

const why = {
  reason: text.describe('Why: it stands in the history and in the audit'),
  expectedVersion: z.int().min(0).describe('The saga’s version as you saw it: 409 where it has moved on'),
};

/** What each action takes beside the reason and the version. */
const bodies = {
  retry: z.strictObject({ ...why, step: step.optional(), input: input.optional(), evidence: text.optional() }),
  compensate: z.strictObject(why),
  skip: z.strictObject({ ...why, step }),
  pause: z.strictObject(why),
  resume: z.strictObject(why),
  'force-compensated': z.strictObject({ ...why, step, evidence: text }),
} satisfies Record<Act['action'], z.ZodObject>;

const summaries: Record<Act['action'], string> = {
  retry: 'Send again at once what waits; try anew what was refused, also with an edited input',
  compensate: 'Cancel the order, where that is still possible',
  skip: 'Go on without a step that was refused where there is no way back',
  pause: 'Send nothing until it is resumed',
  resume: 'Go on: what is unanswered is sent again, every deadline is later by the pause',
  'force-compensated': 'Count one stuck compensation as done, on evidence',
};

/** What an operator does to a saga, and what it would do. */
export function operatorRoutes(app: HttpApp, options: OperateOptions): void {
  const { registry } = options;
  const view = sagaViewIn(registry);

  for (const action of Object.keys(bodies) as Act['action'][])
    app.post(
      `/sagas/:sagaId/${action}`,
      {
        schema: {
          tags,
          summary: summaries[action],
          params,
          body: bodies[action],
          response: { 200: sagaSchema },
        },
      },
      async (request) => {
        const { reason, expectedVersion, ...what } = request.body as z.infer<(typeof bodies)[Act['action']]>;
        const act = { action, ...what } as Act; // its own schema has read it
        const by = { actor: actorOf(request), reason, expectedVersion };
        return view(await operate(options, request.params.sagaId, act, by));
      },
    );

  app.get(
    '/sagas/:sagaId/preview',
    {
      schema: {
        tags,
        summary: 'Exactly what an action would send, and do; nothing is changed',
        params,
        querystring: z.strictObject({
          action: z.enum(Object.keys(bodies) as [Act['action']]),
          step: step.optional(),
          input: z.string().optional().describe('As JSON'),
          evidence: text.optional(),
        }),
        response: { 200: previewSchema },
      },
    },
    async ({ params: { sagaId }, query: { input: json, ...query } }) => {
      const act = actFrom({ ...query, ...(json !== undefined && { input: jsonOf(json) }) });
      const { expectedVersion, saga, effect, sends, undoneLater } = await previewOf(options, sagaId, act);
      return {
        expectedVersion,
        status: saga.status,
        effect,
        sends: sends.map(({ topic, envelope, body }) => ({
          command: topic,
          commandId: envelope.id,
          step: envelope.step ?? '',
          attempt: envelope.attempt ?? 1,
          body,
        })),
        undoneLater,
      };
    },
  );
}

const previewSchema = z
  .object({
    expectedVersion: z.int(),
    status: z.string().describe('The saga’s, after'),
    effect: z.array(z.string()),
    sends: z.array(
      z.object({
        command: z.string(),
        commandId: z.string(),
        step: z.string(),
        attempt: z.int(),
        body: z.looseObject({}),
      }),
    ),
    undoneLater: z
      .array(z.object({ step: z.string(), command: z.string() }))
      .describe('What follows on the way back as the answers come, roughly in this order; a refusal spares its step'),
  })
  .meta({ id: 'Preview' });

/** An action's parameters, as its body would hold them: a preview refuses what the action refuses. */
function actFrom({ action, ...what }: { action: Act['action'] }): Act {
  const { reason: _reason, expectedVersion: _version, ...fields } = bodies[action].shape as z.ZodRawShape;
  const parsed = z.strictObject(fields).safeParse(what);
  if (parsed.success) return { action, ...parsed.data } as Act;
  const faults = faultyFields(what, parsed.error.issues);
  throw badRequest('INVALID_QUERY', `the query is not valid: ${inWords(faults)}`, faults);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw badRequest('MALFORMED_JSON', 'input is not JSON');
  }
}
