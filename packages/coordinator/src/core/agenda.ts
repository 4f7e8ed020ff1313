import { dispatchPart, fillSlots } from "./dispatch.js";
import { finishAs, forget, refuseSubmission } from "./executions.js";
import { partEnded, walkBy } from "./parts.js";
import { answerWaiting } from "./questions.js";
import type { Turn } from "./state.js";
import { stopHolding } from "./stop.js";
import type { Task } from "./task.js";
import { completeStream, endStream } from "./streams.js";

/** Does what the step's decisions ask for, and what that asks for in turn. */
export function workOff(turn: Turn): void {
  // The list grows while it is walked; emptied at once at the end, because shifting a long array is quadratic.
  for (const task of turn.agenda) perform(turn, task);
  turn.agenda.length = 0;
}

function perform(turn: Turn, task: Task): void {
  switch (task.do) {
    case "dispatchPart":
      return dispatchPart(turn, task.part);
    case "fillSlots":
      return fillSlots(turn, task.worker);
    case "endPart":
      return partEnded(turn, task.part, task.result);
    case "stopHolding":
      return stopHolding(turn, task.part);
    case "walkByLeaves":
      return walkBy(turn, task.execution, { kind: "leaves" });
    case "finish":
      return finishAs(turn, task.execution, task.ending);
    case "endStream":
      return endStream(turn, task.execution, task.outcome);
    case "completeStream":
      return completeStream(turn, task.run, task.result);
    case "answer":
      return answerWaiting(turn, task.execution, task.waiting);
    case "refuseSubmission":
      return refuseSubmission(turn, task.execution, task.answer);
    case "forget":
      return forget(turn, task.execution, task.why);
  }
}
