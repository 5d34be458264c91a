import { render } from 'preact';
import { App } from './app.tsx';
import { Host } from './host.ts';
import './inspector.css';

render(<App host={new Host()} />, document.body);
