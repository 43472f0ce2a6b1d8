// The bar above GraphiQL: shows who is signed in, or asks for a credential.
import { useState } from "react";

function SignInForm({ onSignIn }) {
  const [typed, setTyped] = useState("");
  const submit = (event) => {
    event.preventDefault();
    onSignIn(typed);
    setTyped("");
  };
  return (
    <form className="bar-form" onSubmit={submit}>
      <input
        type="password"
        aria-label="Token or API key"
        placeholder="Token or API key (cgk_…)"
        autoComplete="off"
        spellCheck={false}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
      />
      <button type="submit" disabled={!typed.trim()}>
        Sign in
      </button>
    </form>
  );
}

function Viewer({ viewer, onSignOut }) {
  const { company, subject, scopes, expiresAt } = viewer;
  const granted = scopes.map((scope) => scope.toLowerCase().replaceAll("_", "-"));
  const rest = [subject, granted.join(", ") || "no scopes", expiresAt && `until ${new Date(expiresAt).toLocaleString()}`];
  const name = company?.name ?? "Unknown company";
  const said = [name, ...rest.filter(Boolean)];
  return (
    <>
      <span className="bar-viewer" title={said.join(" · ")}>
        <b>{name}</b> · {said.slice(1).join(" · ")}
      </span>
      <button type="button" onClick={onSignOut}>
        Sign out
      </button>
    </>
  );
}

export function Bar({ session, lacking, onSignIn, onSignOut }) {
  const notice = lacking ?? session?.notice;
  const isUrgent = Boolean(lacking) || session?.isRefusal;
  return (
    <header className="bar">
      <span className="bar-title">customer-gateway</span>
      <span className={isUrgent ? "bar-notice urgent" : "bar-notice"} role={isUrgent ? "alert" : "status"}>
        {session === null ? "Signing in…" : notice}
      </span>
      {session?.viewer && <Viewer viewer={session.viewer} onSignOut={onSignOut} />}
      {session && !session.viewer && <SignInForm onSignIn={onSignIn} />}
    </header>
  );
}
