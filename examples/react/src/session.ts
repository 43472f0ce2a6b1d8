// The token, kept in memory only. This example asks the person for it; an application asks its identity provider.
import { useSyncExternalStore } from "react";

type Session = {
  readonly token: string | null;
  /** The code of the error that made a new token necessary; null before the first one. */
  readonly reason: string | null;
};

const SIGNED_OUT: Session = { token: null, reason: null };
const listeners = new Set<() => void>();
let session = SIGNED_OUT;
let waiting: (() => void)[] = [];

function enter(next: Session) {
  session = next;
  for (const listener of listeners) listener();
}

export const token = () => session.token;

export function signIn(given: string) {
  enter({ token: given, reason: null });
  for (const resume of waiting.splice(0)) resume();
}

export function signOut() {
  waiting = [];
  enter(SIGNED_OUT);
}

/** Ask for a token after `refused` was answered with `reason`; resolves once there is another one. */
export function renewed(refused: string | null, reason: string): Promise<void> {
  // Of several requests at once, the first has asked already, or its question is answered.
  if (session.token !== null && session.token !== refused) return Promise.resolve();
  if (session.token !== null) enter({ token: null, reason });
  return new Promise((resolve) => waiting.push(resolve));
}

export const useSession = () =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => session,
  );
