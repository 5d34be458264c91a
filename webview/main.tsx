import { render } from 'preact';
import { App } from './app.tsx';
import { Host } from './host.ts';
import './inspector.css';
import { playRecording } from './recordingHost.ts';

playRecording();
render(<App host={new Host()} />, document.body);
